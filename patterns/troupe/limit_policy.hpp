#pragma once

#include <type_traits>

#include <troupe/options.hpp>
#include <troupe/policy/rate.hpp>

namespace troupe {

/// What happens to what comes too fast.
enum class limit {
  shape, ///< it waits, in order
  shed,  ///< it is refused, and counted
};

struct rate_limit_options {
  amount burst = 1; ///< most at once after a pause; at least 1
  limit mode = limit::shape;
  count buffer = default_buffer; ///< items on the edge into a stage; nothing else uses it
};

/// A rate limit on the calls of `troupe::call`, which applies it.
struct limit_policy {
  troupe::rate rate;
  rate_limit_options options = {};
};

/// At most `r` calls in a period, as a policy of `call`.
///
///     auto pricing = troupe::call("pricing", fetch_quote, troupe::rate_limit(per_second(10),
///                                                                            {.burst = 5}));
///
/// Errors: std::invalid_argument for a rate <= 0 or a burst < 1.
/// Source: token bucket, as golang.org/x/time/rate.
limit_policy rate_limit(rate r, rate_limit_options options = {});

namespace detail {
template <class R>
concept bare_number = std::is_arithmetic_v<R>;
} // namespace detail

template <detail::bare_number R>
limit_policy rate_limit(R, rate_limit_options = {}) {
  static_assert(!std::is_arithmetic_v<R>, "troupe: a rate needs its period; write per_second(500), "
                                          "per_minute(90) or every(250ms)");
  return {unlimited()};
}

} // namespace troupe
