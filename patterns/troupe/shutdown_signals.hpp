#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <troupe/report.hpp>
#include <troupe/run.hpp>

namespace troupe {

struct shutdown_options {
  time_span drain_limit = std::chrono::seconds{30};
  /// One that comes sooner after the last is the same: a terminal and a service manager may both
  /// send theirs.
  time_span apart = std::chrono::milliseconds{100};
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
///         signal that comes before `wait` is not lost. A run that was given to it once, by any of
///         its functions, is ended by a signal whoever waits for it then. Several runs: `wait` from
///         several threads, or `wait({&a, &b})`. From the third signal on the previous handlers,
///         which return in any case when it goes, have them: a process that hangs can
///         still be ended.
/// Bound:  one thread; a weak pointer for each run.
/// Errors: std::logic_error for a second one at the same time, or a dump_on for one of its signals,
///         and for an empty run; std::system_error if there is no pipe to be had. What a callback
///         throws ends the process.
/// Note:   not under CAF's testing scheduler, which has one thread.
class shutdown_signals {
public:
  explicit shutdown_signals(shutdown_options options = {});
  shutdown_signals(const shutdown_signals&) = delete;
  shutdown_signals& operator=(const shutdown_signals&) = delete;
  ~shutdown_signals();

  /// From now on a signal ends this run.
  void add(const run& r);
  /// Until the run has ended, by itself or because of a signal.
  report wait(run& r);
  /// Empty if the run has not ended within `limit`: for who looks after something else in between.
  std::optional<report> wait_for(run& r, time_span limit);
  /// As `wait`, for all of them together; their reports in the same order.
  std::vector<report> wait(const std::vector<run*>& runs);

  /// How many signals have come.
  int received() const noexcept;
  /// The first of them, e.g. SIGTERM; 0: none has come. A process that was ended by it exits with
  /// 128 more, as shells and service managers expect.
  int first() const noexcept;

private:
  class watcher;
  std::unique_ptr<watcher> watcher_;
};

} // namespace troupe
