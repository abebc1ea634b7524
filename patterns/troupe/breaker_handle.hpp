#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <troupe/error.hpp>
#include <troupe/policy/breaker_event.hpp>
#include <troupe/policy/circuit_breaker.hpp>

namespace troupe {

namespace detail {
class shared_breaker;
} // namespace detail

/// The circuit breaker of a running service, to look at and to set by hand.
///
///     svc.breaker().on_event([](const troupe::breaker_event& e) { std::cerr << e << '\n'; });
///     svc.breaker().force_open(); // before the maintenance
///     svc.breaker().reset();      // after it
///
/// Shape:  copyable, callable from any thread; it may outlive the service.
/// Errors: std::logic_error if the service has no circuit_breaker. What a listener throws ends that
///         call of it, and is counted.
/// Cost:   a lock, for some ten nanoseconds.
class breaker_handle {
public:
  breaker_handle() = default;
  explicit breaker_handle(std::shared_ptr<detail::shared_breaker> breaker) noexcept
      : breaker_(std::move(breaker)) {}

  /// Whether there is a breaker.
  explicit operator bool() const noexcept { return breaker_ != nullptr; }

  breaker_state state() const;
  /// How long it refuses at the most, as far as that is known; else zero.
  duration retry_after() const;
  breaker_snapshot snapshot() const;

  /// Refuses all calls until one of these is called, or, with a time (more than 0), until that is
  /// over: the next call is then a trial.
  void force_open(time_span for_how_long = duration::max()) const;
  /// Lets all calls pass, and records nothing.
  void disable() const;
  /// Lets all calls pass, and says when it would have opened.
  void metrics_only() const;
  /// Makes trials now.
  void half_open() const;
  /// Closes, with metrics zeroed.
  void reset() const;

  /// Calls `f` for each event from now on, one at a time and in order, from the thread that caused
  /// it or from one that is calling listeners already. `f` may use the handle; it should be quick:
  /// a call waits for it. While it is 1,024 events behind, the oldest are dropped.
  void on_event(std::function<void(const breaker_event&)> f) const;

  /// Calls of listeners that threw, and events that were dropped.
  std::uint64_t listener_failures() const;
  std::uint64_t dropped_events() const;

private:
  detail::shared_breaker& get() const;

  std::shared_ptr<detail::shared_breaker> breaker_;
};

} // namespace troupe
