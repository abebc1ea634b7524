#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

/// Which outcomes a circuit breaker looks at: `last_calls(100)` or `last_time(20s)`.
class breaker_window {
public:
  constexpr bool is_by_time() const noexcept { return by_time_; }
  constexpr count calls() const noexcept { return calls_; }
  constexpr duration span() const noexcept { return span_; }

private:
  friend constexpr breaker_window last_calls(count n) noexcept;
  friend constexpr breaker_window last_time(time_span d) noexcept;
  constexpr breaker_window(count calls, duration span, bool by_time) noexcept
      : calls_(calls), span_(span), by_time_(by_time) {}

  count calls_;
  duration span_;
  bool by_time_;
};

/// The last `n` outcomes, at most 10,000,000; a byte is kept for each.
constexpr breaker_window last_calls(count n) noexcept { return {n, duration::zero(), false}; }

/// The outcomes of the last `d`: one that is exactly `d` old no longer counts. At most 257 sums are
/// kept, so that an outcome may be forgotten early by up to 1/256 of `d` if others came shortly
/// before it; none is forgotten late.
constexpr breaker_window last_time(time_span d) noexcept { return {0, d, true}; }

/// Refuses calls to what fails too often, then tries a few before it trusts again.
///
///     troupe::circuit_breaker{.window = troupe::last_calls(50), .minimum_calls = 10,
///                             .cooldown = 2s}
///
/// Units:  rates are shares of the calls in the window, more than 0 and at most 1. A call is slow
///         when it took longer than `slow_after`. Rules, and what the options do exactly:
///         `breaker_machine`.
/// Errors: std::invalid_argument for options out of range, thrown at composition.
struct circuit_breaker {
  double failure_rate = 0.5;                         ///< opens at this share of failed calls
  double slow_rate = 1.0;                            ///< or at this share of slow ones
  time_span slow_after = std::chrono::seconds{60};   ///< more than 0
  breaker_window window = last_calls(100);           ///< on which outcomes the rates are taken
  count minimum_calls = 100;                         ///< no rates before so many are in the window
  count trials = 10;                                 ///< permits of half_open
  time_span cooldown = std::chrono::seconds{60};     ///< for which open refuses; more than 0
  double cooldown_factor = 1.0;                      ///< at least 1; for openings out of half_open
  time_span max_cooldown = std::chrono::minutes{10}; ///< growth ends here; `cooldown` may be longer
  time_span half_open_max_wait = std::chrono::seconds{60}; ///< then it decides; zero: never
  std::function<bool(const error&)> is_failure = {};       ///< false: it counts as a success
  std::function<bool(const error&)> ignore = {};           ///< true: it does not count; asked first
};

/// Throws std::invalid_argument for an option out of range, naming it, its value and the range;
/// `where` says whose option it is.
void validate(const circuit_breaker& options, std::string_view where = "circuit_breaker");

enum class breaker_state {
  closed,       ///< calls pass and are watched
  open,         ///< calls are refused until the end of the cooldown
  half_open,    ///< a few calls pass, and decide
  forced_open,  ///< refuses until told otherwise
  disabled,     ///< all pass, nothing is recorded
  metrics_only, ///< all pass, rates are taken, nothing is refused
};

/// How a permitted call ended.
enum class outcome {
  success,
  failure,
  ignored, ///< says nothing about what was called; counts nowhere
};

/// What an ended call counts as; `e` is null for a call that succeeded. By default every error is a
/// failure but `cancelled`: its caller gave up. What the functions in the options throw comes out.
outcome classify(const circuit_breaker& options, const error* e);

/// As it is written in code, e.g. "half_open".
std::string_view to_string(breaker_state s) noexcept;
std::string_view to_string(outcome o) noexcept;
std::ostream& operator<<(std::ostream& out, breaker_state s);
std::ostream& operator<<(std::ostream& out, outcome o);

} // namespace troupe
