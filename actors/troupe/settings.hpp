#pragma once

#include <optional>

#include <troupe/error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/rate.hpp>

namespace troupe {

/// What can be changed of a stage while it runs; what is empty stays as it is.
///
///     r.configure("parse", {.parallel = 8});
///     r.configure("book", {.workers = 4});
///     r.configure("resize", {.workers = {{.min = 2, .max = 4}}});
///     r.configure("throttle", {.rate = troupe::per_second(900), .burst = 90});
///
/// parallel: of a stage that was composed with parallel > 1, or a sink with consumers > 1.
/// workers:  of a fan_out or a worker_pool; more than one number lets a worker_pool follow
///           its load.
/// rate, burst: of a rate_limit, also inside of a call.
/// timeout, attempts: of a call with the policies timeout and retry.
struct settings {
  std::optional<count> parallel = {};
  worker_setting workers = {};
  std::optional<troupe::rate> rate = {};
  std::optional<amount> burst = {};
  std::optional<time_span> timeout = {};
  std::optional<count> attempts = {};
};

} // namespace troupe
