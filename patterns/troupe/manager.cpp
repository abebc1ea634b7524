#include <troupe/manager.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <ostream>
#include <utility>

#include <caf/actor_system.hpp>

#include <troupe/detail/refusal.hpp>
#include <troupe/ops/run_handle.hpp>

namespace troupe {

std::string_view to_string(managed_status s) noexcept {
  switch (s) {
  case managed_status::idle:
    return "idle";
  case managed_status::running:
    return "running";
  case managed_status::stopped:
    return "stopped";
  case managed_status::ended:
    return "ended";
  case managed_status::failed:
    return "failed";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, managed_status s) { return out << to_string(s); }

namespace detail {

/// A name's flow and its last run. Waiting happens without the lock: a run's own members may be
/// called by several threads.
class managed_entry {
public:
  using end_function = std::function<void(const report&)>;

  managed_entry(std::string name, flow<void> f, run_options options)
      : name_(std::move(name)), flow_(std::move(f)), options_(named(std::move(options))) {}

  const std::string& name() const noexcept { return name_; }

  void start(caf::actor_system& sys) {
    std::vector<end_function> told;
    std::shared_ptr<run> old;            // gone without the lock: whom its end is told may ask us
    std::unique_ptr<optimizer> unwanted; // likewise: it waits for a function of a user
    std::shared_ptr<run> now;
    {
      const std::scoped_lock lock{mutex_};
      if (run_ != nullptr && !run_->done())
        return;
      unwanted = std::move(better_);
      // Under the testing scheduler its end would drive the new one.
      if (run_ != nullptr && detail::state_of(*run_)->settled())
        run_.reset();
      old = std::move(run_);
      run_ = now = std::make_shared<run>(troupe::start(sys, flow_, options_));
      seen_.clear();
      stopped_ = false;
      begin_optimizer();
      told.swap(told_);
    }
    for (auto& f : told)
      now->on_end(std::move(f));
  }

  void on_end(end_function f) {
    const auto last = [&] {
      const std::scoped_lock lock{mutex_};
      if (run_ == nullptr)
        told_.push_back(std::move(f));
      return run_;
    }();
    if (last != nullptr)
      last->on_end(std::move(f));
  }

  report stop(time_span limit) {
    const auto last = [this] {
      const std::scoped_lock lock{mutex_};
      stopped_ = stopped_ || (run_ != nullptr && !run_->done());
      return run_;
    }();
    return last == nullptr ? report{} : last->drain(limit);
  }

  managed_status status() const {
    const std::scoped_lock lock{mutex_};
    if (run_ == nullptr)
      return managed_status::idle;
    if (!run_->done())
      return managed_status::running;
    if (stopped_)
      return managed_status::stopped;
    return detail::state_of(*run_)->result().error() ? managed_status::failed
                                                     : managed_status::ended;
  }

  graph_metrics metrics() const {
    const auto last = current();
    return last == nullptr ? graph_metrics{} : last->metrics();
  }

  std::vector<recommendation> recommendations(const advisor_bounds& bounds) {
    const std::scoped_lock lock{mutex_};
    if (run_ == nullptr || run_->done())
      return {};
    const auto& state = handle_of(*run_).state();
    if (seen_.empty()) {
      graph_sample start;
      start.at = state.started();
      seen_.push_back(std::move(start));
    }
    seen_.push_back(state.sample());
    // Between two that follow each other at once there is little to see.
    while (seen_.size() > 2 && seen_.back().at - seen_[1].at >= std::chrono::seconds{1})
      seen_.pop_front();
    const std::vector<graph_sample> period{seen_.begin(), seen_.end()};
    if (seen_.size() > most_samples)
      seen_.erase(seen_.begin() + 1);
    return advisor{forms_of(*run_), bounds_for(*run_, bounds)}.advise(period).recommendations;
  }

  void apply(const recommendation& rec) const {
    if (const auto last = current())
      rec.apply(*last);
  }

  void optimize(optimizer_options options) {
    const optimizer_machine checked{{}, options};
    std::unique_ptr<optimizer> old;
    const std::scoped_lock lock{mutex_};
    better_options_ = std::move(options);
    old = std::move(better_);
    begin_optimizer();
  }

  std::vector<optimizer_step> steps() const {
    const std::scoped_lock lock{mutex_};
    return better_ == nullptr ? std::vector<optimizer_step>{} : better_->log();
  }

private:
  static constexpr std::size_t most_samples = 16;

  void begin_optimizer() {
    if (better_options_ && run_ != nullptr)
      better_ = std::make_unique<optimizer>(*run_, *better_options_);
  }

  std::shared_ptr<run> current() const {
    const std::scoped_lock lock{mutex_};
    return run_;
  }

  run_options named(run_options options) const {
    if (options.name.empty())
      options.name = name_;
    return options;
  }

  const std::string name_;
  const flow<void> flow_;
  const run_options options_;
  mutable std::mutex mutex_;
  std::shared_ptr<run> run_;
  std::deque<graph_sample> seen_; ///< by whoever asked for recommendations
  std::optional<optimizer_options> better_options_;
  std::unique_ptr<optimizer> better_; ///< of `run_`, where it is asked for
  bool stopped_ = false;
  std::vector<end_function> told_; ///< of the first run
};

class manager_state {
public:
  manager_state(caf::actor_system& s, observer* w) : sys(s), watch(w) {}

  /// The place of `name`, or the end. Under the lock.
  auto find(const std::string& name) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const auto& e) { return e->name() == name; });
  }

  std::string names() const {
    std::string all;
    for (const auto& e : entries)
      all += (all.empty() ? "\"" : ", \"") + e->name() + "\"";
    return all;
  }

  caf::actor_system& sys;
  observer* const watch;
  std::mutex mutex; // before those of the entries
  std::vector<std::shared_ptr<managed_entry>> entries;
};

} // namespace detail

manager::manager(caf::actor_system& sys)
    : state_(std::make_unique<detail::manager_state>(sys, nullptr)) {}

manager::manager(caf::actor_system& sys, observer& watch)
    : state_(std::make_unique<detail::manager_state>(sys, &watch)) {}

manager::~manager() {
  // One by one and backwards: what was added later may use what was there before.
  // Without the lock: whom an end is told may still ask.
  for (;;) {
    std::shared_ptr<detail::managed_entry> last;
    const std::scoped_lock lock{state_->mutex};
    if (state_->entries.empty())
      return;
    last = std::move(state_->entries.back());
    state_->entries.pop_back();
  }
}

void manager::add(std::string name, flow<void> f, run_options options) {
  if (name.empty())
    detail::refuse("manager", "name", "\"\"", "at least one character");
  if (options.watch == nullptr)
    options.watch = state_->watch;
  const std::scoped_lock lock{state_->mutex};
  if (state_->find(name) != state_->entries.end())
    detail::refuse("manager", "name", "\"" + name + "\"", "a name that is not taken");
  state_->entries.push_back(
      std::make_shared<detail::managed_entry>(std::move(name), std::move(f), std::move(options)));
}

void manager::remove(const std::string& name, time_span limit) {
  const auto gone = entry(name);
  gone->stop(limit);
  const std::scoped_lock lock{state_->mutex};
  std::erase(state_->entries, gone);
}

std::shared_ptr<detail::managed_entry> manager::entry(const std::string& name) const {
  const std::scoped_lock lock{state_->mutex};
  const auto found = state_->find(name);
  if (found == state_->entries.end())
    detail::refuse("manager", "name", "\"" + name + "\"",
                   state_->entries.empty() ? "a name that was added; there is none"
                                           : "one of " + state_->names());
  return *found;
}

caf::actor_system& manager::system() const { return state_->sys; }

void manager::start(const std::string& name) { entry(name)->start(state_->sys); }

report manager::stop(const std::string& name, time_span limit) { return entry(name)->stop(limit); }

report manager::restart(const std::string& name, time_span limit) {
  const auto e = entry(name);
  auto last = e->stop(limit);
  e->start(state_->sys);
  return last;
}

void manager::on_end(const std::string& name, std::function<void(const report&)> f) {
  if (!f)
    detail::refuse("manager", "on_end", "nothing", "a function");
  entry(name)->on_end(std::move(f));
}

managed_status manager::status(const std::string& name) const { return entry(name)->status(); }

graph_metrics manager::metrics(const std::string& name) const { return entry(name)->metrics(); }

std::vector<recommendation> manager::recommendations(const std::string& name,
                                                     advisor_bounds bounds) const {
  return entry(name)->recommendations(bounds);
}

void manager::apply(const std::string& name, const recommendation& rec) { entry(name)->apply(rec); }

void manager::optimize(const std::string& name, optimizer_options options) {
  entry(name)->optimize(std::move(options));
}

std::vector<optimizer_step> manager::steps(const std::string& name) const {
  return entry(name)->steps();
}

std::vector<std::string> manager::list() const {
  const std::scoped_lock lock{state_->mutex};
  std::vector<std::string> names;
  for (const auto& e : state_->entries)
    names.push_back(e->name());
  return names;
}

} // namespace troupe
