#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <troupe/policy/breaker_machine.hpp>

namespace troupe::detail {

/// A breaker_machine for any number of threads.
///
/// Shape:  listeners are called outside of the lock by the thread that caused an event or by one
///         that is calling them already: one event at a time, in the order in which they happened,
///         each to those who listened by then. They may call the breaker.
/// Bound:  `most_pending` events; while a listener takes its time the oldest of more are dropped,
///         and counted.
/// Errors: what a listener throws ends that call of it, and is counted.
/// Cost:   `admit` of a state that lets all calls pass is one atomic load; all else takes a lock
///         for some ten nanoseconds. Forms with `now` save reading the clock, in a loop that has
///         read it anyway.
class shared_breaker {
public:
  using clock_function = std::function<time_point()>;
  using listener = breaker_machine::listener;

  static constexpr std::size_t most_pending = 1'024;

  /// `call`, `run`: whose it is, and where, for its events.
  shared_breaker(circuit_breaker options, clock_function clock, std::string call = {},
                 std::string run = {});
  shared_breaker(const shared_breaker&) = delete;
  shared_breaker& operator=(const shared_breaker&) = delete;

  time_point now() const { return clock_(); }

  std::optional<permit> admit();
  std::optional<permit> admit(time_point now);
  void record(const permit& p, troupe::outcome o, duration took);
  void record(const permit& p, troupe::outcome o, duration took, time_point now);
  void release(const permit& p) { release(p, clock_()); }
  void release(const permit& p, time_point now);

  breaker_state state();
  duration retry_after() { return retry_after(clock_()); }
  duration retry_after(time_point now);
  breaker_snapshot snapshot();

  void force_open(time_span for_how_long = duration::max());
  void disable();
  void metrics_only();
  void half_open();
  void reset();

  void on_event(listener f);

  /// Calls of listeners that threw.
  std::uint64_t listener_failures() const;
  /// Events that no listener heard of.
  std::uint64_t dropped_events() const;

  /// Not changed after construction, so there is no lock.
  const circuit_breaker& options() const noexcept { return machine_.options(); }

private:
  using listeners = std::vector<std::shared_ptr<const listener>>;
  struct pending_event {
    breaker_event event;
    std::size_t listeners; // those who were there when it happened
  };

  template <class F>
  auto locked(F f) {
    std::unique_lock lock{mutex_};
    if constexpr (std::is_void_v<decltype(f())>) {
      f();
      settle(lock);
    } else {
      auto answer = f();
      settle(lock);
      return answer;
    }
  }

  void note(const breaker_event& e);
  void settle(std::unique_lock<std::mutex>& lock);
  void deliver(std::unique_lock<std::mutex>& lock);

  const clock_function clock_;
  const std::string call_;
  const std::string run_;
  mutable std::mutex mutex_;
  breaker_machine machine_;
  std::atomic<std::uint64_t> standing_; // generation of the permit that everyone gets; 0: none
  listeners listeners_;
  std::deque<pending_event> pending_;
  bool delivering_ = false;
  std::uint64_t failures_ = 0;
  std::uint64_t dropped_ = 0;
};

} // namespace troupe::detail
