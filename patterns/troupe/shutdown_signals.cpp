#include <troupe/shutdown_signals.hpp>

#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include <troupe/detail/thread_name.hpp>
#include <troupe/run/run_state.hpp>
#include <troupe/tools/signal_channel.hpp>

namespace troupe {

/// Reads what the handler wrote, on a thread of its own, and ends the runs that it was given.
class shutdown_signals::watcher {
public:
  explicit watcher(shutdown_options options)
      : options_(std::move(options)),
        signals_("shutdown_signals", {SIGINT, SIGTERM}, options_.apart),
        thread_([this] { watch(); }) {}
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  ~watcher() {
    give_back();
    signals_.wake();
    thread_.join();
  }

  const detail::signal_channel& signals() const noexcept { return signals_; }

  void add(const std::shared_ptr<detail::run_state>& run) {
    const auto seen = [&] {
      const std::lock_guard lock{mutex_};
      std::erase_if(runs_, [&](const auto& weak) {
        const auto other = weak.lock();
        return other == nullptr || other == run || other->ended();
      });
      runs_.push_back(run);
      return seen_;
    }();
    if (seen >= 1)
      run->begin_drain(options_.drain_limit);
    if (seen >= 2)
      run->begin_stop();
  }

private:
  using runs = std::vector<std::weak_ptr<detail::run_state>>;

  void watch() {
    detail::name_this_thread("troupe.signals");
    while (signals_.next() != 0)
      act();
  }

  // Without the lock: what ends with a run, or is told of it, may take its time, or come to us.
  void act() {
    runs all;
    int seen = 0;
    {
      const std::lock_guard lock{mutex_};
      seen = ++seen_;
      all = runs_;
      if (seen == 2)
        signals_.restore();
    }
    if (seen > 2)
      return;
    for (const auto& weak : all)
      if (const auto run = weak.lock())
        seen == 1 ? run->begin_drain(options_.drain_limit) : run->begin_stop();
    if (const auto& tell = seen == 1 ? options_.on_drain : options_.on_stop)
      tell();
  }

  void give_back() {
    const std::lock_guard lock{mutex_};
    signals_.restore();
  }

  const shutdown_options options_;
  std::mutex mutex_; ///< guards the next two, and `restore`
  runs runs_;
  int seen_ = 0;
  detail::signal_channel signals_;
  std::thread thread_;
};

shutdown_signals::shutdown_signals(shutdown_options options)
    : watcher_(std::make_unique<watcher>(std::move(options))) {}

shutdown_signals::~shutdown_signals() = default;

void shutdown_signals::add(const run& r) { watcher_->add(detail::state_of(r)); }

report shutdown_signals::wait(run& r) {
  add(r);
  return r.wait();
}

std::optional<report> shutdown_signals::wait_for(run& r, time_span limit) {
  add(r);
  return r.wait_for(limit);
}

std::vector<report> shutdown_signals::wait(const std::vector<run*>& runs) {
  for (const auto* r : runs)
    (void)r->done(); // an empty run is refused before any other is waited for
  for (const auto* r : runs)
    add(*r);
  std::vector<report> ends;
  ends.reserve(runs.size());
  for (auto* r : runs)
    ends.push_back(r->wait());
  return ends;
}

int shutdown_signals::received() const noexcept { return watcher_->signals().received(); }
int shutdown_signals::first() const noexcept { return watcher_->signals().first(); }

} // namespace troupe
