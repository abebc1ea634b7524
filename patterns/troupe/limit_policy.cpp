#include <troupe/limit_policy.hpp>

#include <troupe/policy/token_bucket.hpp>

namespace troupe {

limit_policy rate_limit(rate r, rate_limit_options options) {
  check_limit("rate_limit", r);
  check_limit("rate_limit", options.burst);
  return {r, options};
}

} // namespace troupe
