#pragma once

#include <optional>

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

struct resizer_options {
  count min = 1;             ///< workers, at least 1
  count max = 10;            ///< workers, at least min
  double grow = 0.2;         ///< share of the workers that is added, rounded up
  double shrink = 0.1;       ///< share that is taken away, rounded down, at least one
  double shrink_below = 0.3; ///< utilisation (busy / workers) below which it shrinks
  time_span cooldown{};      ///< between changes; zero: none
  time_span wait_target{};   ///< a queue wait beyond it grows the pool; zero: it does not matter
};

/// Decides how many workers a pool should gain or lose.
///
///     troupe::pool_resizer z{{.min = 1, .max = 10}};
///     z.decide(5, 5);    // +1: all are busy
///     z.decide(10, 2);   // -1: 20 % are busy
///     z.decide(now, workers, busy, longest_wait);
///
/// Shape:  a plain value, no clock. Grows when all are busy or the queue wait exceeds its target,
///         else shrinks when utilisation is below `shrink_below`, else answers 0.
/// Bound:  workers plus answer is within min..max, whatever the number of workers was. From outside
///         it goes to the nearest bound at once, in a cooldown too.
/// Units:  workers. The cooldown is kept by the form that is told the time, and begins with each
///         answer but 0; at exactly its end the next change may come. A clock that steps back
///         begins the cooldown anew.
/// Errors: std::invalid_argument from the constructor for an option out of range. More busy than
///         there are workers counts as all busy, a number below 0 as 0.
class pool_resizer {
public:
  explicit pool_resizer(resizer_options options);

  int decide(count workers, count busy) const;
  int decide(time_point now, count workers, count busy, time_span queue_wait);

private:
  int decide(long long workers, long long busy, bool waits_too_long) const;
  long long step_up(long long workers) const;
  long long step_down(long long workers) const;
  bool is_outside(long long workers) const noexcept;
  bool is_cooling(time_point now);

  resizer_options options_;
  std::optional<time_point> changed_;
};

} // namespace troupe
