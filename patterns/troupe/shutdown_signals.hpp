#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <troupe/report.hpp>
#include <troupe/run.hpp>

namespace troupe {

struct shutdown_options {
  time_span drain_limit = std::chrono::seconds{30};
  std::function<void()> on_drain = {}; ///< at the first signal, e.g. to say so; on a thread of ours
  std::function<void()> on_stop = {};  ///< at the second
};

/// Ends runs gracefully when the process is asked to end: on the first SIGINT or SIGTERM they are
/// drained, on the second stopped.
///
///     troupe::shutdown_signals signals{{.on_drain = [] { std::cerr << "finishing\n"; }}};
///     troupe::run r = troupe::start(sys, flow);
///     troupe::report end = signals.wait(r);
///
/// Shape:  catches the signals while it lives, from its construction on: make it first in `main`. A
///         signal that comes before `wait` is not lost. Several runs: `wait` from several threads,
///         or `wait({&a, &b})`. From the third signal on the previous handlers, which return in any
///         case when it goes, have them: a process that hangs can still be ended.
/// Bound:  one thread, and one for each run that is being ended.
/// Errors: std::logic_error for a second one at the same time, or an empty run; std::system_error
///         if there is no pipe to be had. What a callback throws ends the process.
/// Note:   not under CAF's testing scheduler, which has one thread.
class shutdown_signals {
public:
  explicit shutdown_signals(shutdown_options options = {});
  shutdown_signals(const shutdown_signals&) = delete;
  shutdown_signals& operator=(const shutdown_signals&) = delete;
  ~shutdown_signals();

  /// Until the run has ended, by itself or because of a signal.
  report wait(run& r);
  /// The same for all of them together; their reports in the same order.
  std::vector<report> wait(const std::vector<run*>& runs);

  /// How many signals have come.
  int received() const noexcept;

private:
  class watcher;
  std::unique_ptr<watcher> watcher_;
};

} // namespace troupe
