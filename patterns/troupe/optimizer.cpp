#include <troupe/optimizer.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/ops/run_handle.hpp>

namespace troupe {

namespace detail {

namespace {

// Those that can be composed with more: they keep nothing from one item to the next.
bool has_parallel(std::string_view what) {
  constexpr std::array names{"stage", "map", "filter", "tap", "flat_map", "call", "sink"};
  return std::find(names.begin(), names.end(), what) != names.end();
}

resizing resizing_of(const stage_shape& s) {
  if (s.inputs.empty() || s.passes_on || s.adapts)
    return resizing::never;
  if (s.dealt_to)
    return s.has_workers ? resizing::workers : resizing::parallel;
  return has_parallel(s.what) ? resizing::anew : resizing::never;
}

std::vector<stage_form> forms_of(const run_changes& run) {
  std::vector<stage_form> forms;
  for (const auto& s : run.shapes())
    forms.push_back({s.name, s.inputs, resizing_of(s), s.thread, s.batch, s.item_bytes, s.how});
  return forms;
}

optimizer_options completed(const run& r, optimizer_options options) {
  options.bounds = bounds_for(r, options.bounds);
  return options;
}

} // namespace

/// What an optimizer and its actor share. The locks are never held together by who calls a user.
class optimizer_state {
public:
  optimizer_state(run_changes run, optimizer_options options)
      : run_(std::move(run)), on_step_(std::move(options.on_step)),
        machine_(forms_of(run_), std::move(options)) {}

  duration period() const noexcept { return machine_.sample_every(); }

  void silence() {
    const std::lock_guard lock{callback_mutex_};
    on_step_ = nullptr;
    silent_ = true;
  }

  /// In the actor. False: the run is over.
  bool look() {
    if (run_.over())
      return false;
    const auto sample = run_.state()->sample();
    std::vector<optimizer_machine::change> wanted;
    std::vector<optimizer_step> news;
    {
      const std::lock_guard lock{mutex_};
      const auto before = last_step();
      wanted = machine_.feed(sample);
      if (const auto now = last_step(); now != before)
        news.push_back(machine_.log().back());
    }
    const std::lock_guard lock{callback_mutex_};
    if (silent_)
      return false;
    for (const auto& change : wanted)
      apply(change);
    for (const auto& step : news)
      tell(step);
    return true;
  }

  troupe::advice advice() const {
    const std::lock_guard lock{mutex_};
    return machine_.look();
  }
  std::vector<optimizer_step> log() const {
    const std::lock_guard lock{mutex_};
    return {machine_.log().begin(), machine_.log().end()};
  }

private:
  std::pair<std::uint64_t, step_state> last_step() const {
    const auto& log = machine_.log();
    return log.empty() ? std::pair<std::uint64_t, step_state>{}
                       : std::pair{log.back().number, log.back().state};
  }

  void apply(const optimizer_machine::change& change) const {
    try {
      run_.configure(change.stage, change.to);
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch)
      // It gains nothing then, and is taken back like all that does not.
    }
  }

  void tell(const optimizer_step& step) const {
    try {
      if (on_step_)
        on_step_(step);
    } catch (...) { // NOLINT(bugprone-empty-catch): that is the user's own affair
    }
  }

  const run_changes run_;
  std::mutex callback_mutex_;
  std::function<void(const optimizer_step&)> on_step_;
  bool silent_ = false;
  mutable std::mutex mutex_;
  optimizer_machine machine_;
};

namespace {

/// From the optimizer's actor to itself.
struct sample_run_msg {
  using internal_message = void;
};

class optimizer_actor : public actor_base {
public:
  optimizer_actor(caf::actor_config& cfg, std::shared_ptr<optimizer_state> state)
      : actor_base{cfg}, state_{std::move(state)} {}

  const char* name() const override { return "troupe.optimizer"; }
  void on_exit() override { state_.reset(); }

protected:
  caf::message_handler handlers() override {
    return caf::message_handler{[this](const sample_run_msg&) {
      if (state_->look())
        send_after(this, state_->period(), sample_run_msg{});
      else
        quit();
    }};
  }

private:
  std::shared_ptr<optimizer_state> state_;
};

} // namespace

} // namespace detail

optimizer::optimizer(const run& r, optimizer_options options)
    : sys_(handle_of(r).state().system()),
      state_(std::make_shared<detail::optimizer_state>(handle_of(r).changes(),
                                                       detail::completed(r, std::move(options)))) {
  if (r.done()) // there may be no actor system any more
    return;
  actor_ = detail::spawn<detail::optimizer_actor>(sys_, state_);
  detail::anon_send(actor_, detail::sample_run_msg{});
}

optimizer::~optimizer() {
  if (!actor_)
    return;
  state_->silence();
  detail::anon_kill(actor_);
  actor_ = nullptr;
  if (detail::is_testing(sys_))
    detail::virtual_time::run_jobs(sys_);
}

advice optimizer::advice() const { return state_->advice(); }

std::vector<optimizer_step> optimizer::log() const { return state_->log(); }

std::vector<stage_form> forms_of(const run& r) { return detail::forms_of(handle_of(r).changes()); }

advisor_bounds bounds_for(const run& r, advisor_bounds bounds) {
  auto& sys = handle_of(r).state().system();
  if (r.done() || detail::is_testing(sys)) // there may be no system; work takes no time
    return bounds;
  if (bounds.threads.value() == 0)
    bounds.threads = detail::scheduler_threads(sys);
  if (bounds.cores <= 0)
    bounds.cores = std::thread::hardware_concurrency();
  return bounds;
}

} // namespace troupe
