#pragma once

#include <chrono>
#include <limits>
#include <string>
#include <type_traits>

#include <troupe/error.hpp>

namespace troupe {

/// A number of permits: any integer or fraction may be given, and a wrong one is refused by the
/// check that names the option.
class amount {
public:
  template <class N>
  requires std::is_arithmetic_v<N>
  constexpr amount(N n) noexcept : value_(static_cast<double>(n)) {}

  constexpr double value() const noexcept { return value_; }

private:
  double value_;
};

/// How many permits come in a period of time.
///
///     troupe::per_second(500)   troupe::per_minute(90)   troupe::every(250ms) troupe::unlimited()
///
/// Shape:  a plain value. Kept as it was written, so that `every(49s)` gives a permit after exactly
///         49 s, and `per_minute(7)` seven after a minute.
/// Units:  permits, fractions included; time in nanoseconds. An infinite number is `unlimited`; so
///         is `every` no time at all.
/// Errors: none. Who takes a rate as an option refuses one that is not a number or below 0.
/// Source: Limit of golang.org/x/time/rate.
class rate {
public:
  constexpr bool is_unlimited() const noexcept {
    return permits_ == std::numeric_limits<double>::infinity();
  }
  constexpr double per_second() const noexcept {
    return permits_ * 1e9 / static_cast<double>(period_.count());
  }

  /// How many permits come in `d`; none if it is zero or negative.
  double permits_in(time_span d) const noexcept;
  /// How long until so many permits have come: rounded up, duration::max() if that is too long.
  duration time_for(double permits) const noexcept;

  friend constexpr bool operator==(const rate&, const rate&) = default;

private:
  constexpr rate(double permits, duration period) noexcept : permits_(permits), period_(period) {}
  friend constexpr rate per_second(amount permits) noexcept;
  friend constexpr rate per_minute(amount permits) noexcept;
  friend constexpr rate every(time_span interval) noexcept;
  friend constexpr rate unlimited() noexcept;
  friend std::string to_string(const rate& r);

  double permits_;
  duration period_;
};

constexpr rate per_second(amount permits) noexcept {
  return {permits.value(), std::chrono::seconds{1}};
}
constexpr rate per_minute(amount permits) noexcept {
  return {permits.value(), std::chrono::minutes{1}};
}
constexpr rate unlimited() noexcept {
  return {std::numeric_limits<double>::infinity(), std::chrono::seconds{1}};
}
/// One permit each `interval`.
constexpr rate every(time_span interval) noexcept {
  if (interval == duration::min()) // not a number: no rate either
    return {std::numeric_limits<double>::quiet_NaN(), std::chrono::seconds{1}};
  return interval > duration::zero() ? rate{1.0, interval} : unlimited();
}

/// `500 per second`, `90 per minute`, `1 per 250 ms`, `unlimited`
std::string to_string(const rate& r);

} // namespace troupe
