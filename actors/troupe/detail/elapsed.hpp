#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include <troupe/error.hpp>

namespace troupe::detail {

/// From `begin` to `now`; zero if the clock stepped back in between, at most duration::max().
inline duration elapsed(time_point begin, time_point now) noexcept {
  if (now <= begin)
    return duration::zero();
  // Unsigned: the distance between two ends of the range is more than a duration can hold.
  const auto d = static_cast<std::uint64_t>(now.time_since_epoch().count())
                 - static_cast<std::uint64_t>(begin.time_since_epoch().count());
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<duration::rep>::max());
  return duration{static_cast<duration::rep>(d < most ? d : most)};
}

/// `begin` + `d`, or the latest or earliest time there is.
constexpr time_point later(time_point begin, duration d) noexcept {
  if (d > duration::zero())
    return begin > time_point::max() - d ? time_point::max() : begin + d;
  return begin < time_point::min() - d ? time_point::min() : begin + d;
}

/// `end` - `d`, likewise.
constexpr time_point earlier(time_point end, duration d) noexcept {
  if (d > duration::zero())
    return end < time_point::min() + d ? time_point::min() : end - d;
  return end > time_point::max() + d ? time_point::max() : end - d;
}

/// What is further away never comes: clocks and condition variables convert times among each other,
/// and cannot be told every duration.
inline constexpr duration for_ever = std::chrono::hours{24} * 365 * 100;

/// After a clock that stepped back by `patience` or more, what lies ahead counts as just now, or
/// the wait for it could take as long as the clock was wrong. A smaller step is left alone: it
/// prolongs the wait by no more than that, and where threads share a decision it is one
/// that was overtaken.
inline void not_far_ahead(time_point& t, time_point now, duration patience) noexcept {
  if (t > now && elapsed(now, t) >= patience)
    t = now;
}

} // namespace troupe::detail
