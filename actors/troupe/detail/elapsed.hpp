#pragma once

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

/// `begin` + `d`, at most time_point::max().
inline time_point later(time_point begin, duration d) noexcept {
  return d > duration::zero() && begin > time_point::max() - d ? time_point::max() : begin + d;
}

} // namespace troupe::detail
