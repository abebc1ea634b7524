#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <random>

#include <troupe/error.hpp>

namespace troupe {

/// How long to wait before the next try: twice as long each time, up to a maximum.
///
///     troupe::backoff b{.min = 3s, .max = 30s};
///     b.next(rng);   // 3 s, then 6, 12, 24, 30, 30, ...
///     b.reset();     // it ran long enough: begin at 3 s again
///
/// Shape:  a plain value; delay n (from 0) is min(max, min x 2^n) x (1 + rnd x factor), with rnd
///         uniform in [0, 1).
/// Units:  durations; `factor` is a share of the delay, added after the maximum was applied: 0.2
///         with a maximum of 30 s waits at most 36 s.
/// Errors: none; delays saturate instead of overflowing, negative fields count as zero. Whoever
///         takes one as an option validates it.
/// Source: exponential backoff of Akka's BackoffSupervisor.
struct backoff {
  time_span min = std::chrono::seconds{3};
  time_span max = std::chrono::seconds{30};
  double factor = 0.0;
  std::size_t step = 0; // internal: delays given since the last reset

  template <std::uniform_random_bit_generator Rng>
  duration next(Rng& rng) {
    const duration base = delay();
    step = std::min(step, last_step - 1) + 1;
    if (!(factor > 0.0))
      return base;
    const double rnd = std::generate_canonical<double, std::numeric_limits<double>::digits>(rng);
    const double extra = rnd * factor * static_cast<double>(base.count());
    const duration room = duration::max() - base;
    return extra < static_cast<double>(room.count())
               ? base + duration{static_cast<duration::rep>(extra)}
               : duration::max();
  }

  void reset() noexcept { step = 0; }

private:
  // 63 doublings of anything but zero exceed every maximum; more would only overflow the shift.
  static constexpr std::size_t last_step = std::numeric_limits<duration::rep>::digits;

  // min x 2^step can overflow, max / 2^step cannot, and they answer the same question.
  duration delay() const noexcept {
    const auto low = std::max<duration::rep>(min.count(), 0);
    const auto high = std::max<duration::rep>(max.count(), 0);
    const auto doublings = std::min(step, last_step);
    return duration{low > (high >> doublings) ? high : low << doublings};
  }
};

} // namespace troupe
