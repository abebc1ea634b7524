#pragma once

#include <cstdint>
#include <limits>

/// Always draws the same: the lowest value (0.0) or the highest (just below 1.0).
template <std::uint64_t Value>
struct constant_rng {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return Value; }
};
using lowest = constant_rng<0>;
using highest = constant_rng<std::numeric_limits<std::uint64_t>::max()>;
