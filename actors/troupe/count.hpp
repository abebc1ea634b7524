#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <utility>

namespace troupe {

/// A number of things in an option: any integer may be given. A negative one, and one above 2^40,
/// is refused by the check that names the option, instead of turning into another number.
class count {
public:
  template <std::integral I>
  constexpr count(I n) noexcept
      : value_(std::in_range<long long>(n) ? static_cast<long long>(n)
                                           : std::numeric_limits<long long>::max()) {}

  /// What holds where the user says nothing, so that something else may be better.
  static constexpr count unless_given(long long n) noexcept {
    count c{n};
    c.given_ = false;
    return c;
  }

  constexpr long long value() const noexcept { return value_; }
  constexpr bool is_given() const noexcept { return given_; }
  constexpr operator std::size_t() const noexcept { return static_cast<std::size_t>(value_); }

private:
  long long value_;
  bool given_ = true;
};

} // namespace troupe
