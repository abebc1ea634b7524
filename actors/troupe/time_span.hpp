#pragma once

#include <chrono>
#include <compare>
#include <concepts>
#include <limits>

namespace troupe {

using duration = std::chrono::nanoseconds;
using time_point = std::chrono::steady_clock::time_point;

namespace detail {

/// As nanoseconds; where std::chrono would wrap around, the nearest there is.
template <class Rep, class Period>
constexpr duration saturated(const std::chrono::duration<Rep, Period>& d) noexcept {
  using given = std::chrono::duration<Rep, Period>;
  using scale = std::ratio_divide<Period, duration::period>;
  if constexpr (std::same_as<given, duration>)
    return d;
  constexpr auto limit = -static_cast<long double>(std::numeric_limits<duration::rep>::min());
  const auto ns = static_cast<long double>(d.count()) * scale::num / scale::den;
  if (ns >= limit || d >= given::max())
    return duration::max();
  if (!(ns > -limit)) // also what is not a number
    return duration::min();
  constexpr bool exact = !std::floating_point<Rep> && (scale::num == 1 || scale::den == 1);
  duration whole{};
  if constexpr (exact)
    whole = std::chrono::duration_cast<duration>(d);
  else
    whole = duration{static_cast<duration::rep>(ns)};
  if (whole == duration::zero() && (ns < 0 || ns > 0))
    return duration{ns < 0 ? -1 : 1};
  return whole;
}

} // namespace detail

/// How long: an option, or an argument, for which any std::chrono::duration may be given.
///
///     {.within = 20ms}    r.drain(1min)    r.wait_for(std::chrono::hours::max())
///
/// Units:  nanoseconds, the rest cut off, but what is more than nothing remains so. `max()` of any
///         unit, and what is longer than nanoseconds can say (292 years), is duration::max(): no
///         limit, where a limit is taken. Where std::chrono alone would turn it into a negative
///         one, nothing wraps around here, and sums with it end at the latest time there is.
/// Errors: none here. A negative one is over at once, or refused, as the option says; what is not
///         a number is duration::min().
class time_span {
public:
  /// None.
  constexpr time_span() noexcept = default;
  template <class Rep, class Period>
  constexpr time_span(const std::chrono::duration<Rep, Period>& d) noexcept
      : value_(detail::saturated(d)) {}

  constexpr operator duration() const noexcept { return value_; }
  /// To calculate with.
  constexpr duration value() const noexcept { return value_; }
  constexpr duration::rep count() const noexcept { return value_.count(); }

  friend constexpr bool operator==(const time_span&, const time_span&) noexcept = default;
  friend constexpr auto operator<=>(const time_span&, const time_span&) noexcept = default;

private:
  duration value_{};
};

} // namespace troupe
