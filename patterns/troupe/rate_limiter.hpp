#pragma once

// Rate limiter: at most so many in a period. `rate_limit` is a stage of a flow and a policy of a
// call, `limiter` is for threads, `token_bucket` has the decisions.
#include <troupe/limit_policy.hpp>
#include <troupe/limiter.hpp>
#include <troupe/policy/token_bucket.hpp>
#include <troupe/rate_limit.hpp>
