#pragma once

#include <cstddef>
#include <optional>

#include <troupe/policy/token_bucket.hpp>

namespace troupe {

/// Decides how many of those that wait may go on, and when to ask again: a `token_bucket` in front
/// of a line.
///
///     troupe::pacer p{per_second(500), 50, now};
///     const auto n = p.pass(now, waiting);       // the first n of them
///     if (p.due()) ...                           // the others: call `wake` then, and pass again
///
/// Shape:  a plain value, no clock. Who waits goes on at exactly the instant of a reservation.
/// Clock:  a timer fires late, by 60 us or so, and permits that come meanwhile have no room in a
///         small bucket. Those of up to 1 ms of lateness count nevertheless.
/// Cost:   that of one `allow`, for any number.
class pacer {
public:
  pacer(troupe::rate r, amount burst, time_point now) : bucket_(r, burst, now) {}

  /// How many of `wanted` may go on now. Fewer than all: the rest is `due`.
  std::size_t pass(time_point now, std::size_t wanted);
  /// The same for those who do not wait.
  std::size_t pass_or_refuse(time_point now, std::size_t wanted);

  /// When the first of those who wait may go on, or an hour later at most: ask again then.
  std::optional<time_point> due() const noexcept { return due_; }
  /// It is that time; the next `pass` may be made.
  void wake() noexcept;

  /// From now on. Those who wait are to ask again.
  void set(time_point now, std::optional<troupe::rate> r, std::optional<amount> burst);

private:
  token_bucket bucket_;
  std::optional<time_point> due_;
  std::optional<time_point> woken_for_;
};

} // namespace troupe
