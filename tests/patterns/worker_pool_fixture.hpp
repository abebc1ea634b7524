#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <future>
#include <vector>

#include "../support.hpp"
#include <troupe/worker_pool.hpp>

// What the tests of a worker pool share.
namespace pool_tests {

using answers = std::vector<std::future<troupe::result<int>>>;

inline int twice(int x) { return 2 * x; }

inline const troupe::counters& balanced(const troupe::counters& c) {
  CHECK(c.balanced());
  CHECK(c.in_flight == 0);
  return c;
}

/// Fails so often, then answers.
struct fails_first {
  int left;
  troupe::result<int> operator()(const int& x) {
    if (left-- > 0)
      return troupe::fail(troupe::errc::stage_failed, "not yet");
    return x;
  }
};

/// A worker that waits between two attempts is busy, in virtual time too.
inline troupe::on_error retry_after(troupe::duration d, std::size_t attempts = 2) {
  return troupe::on_error::retry(
      {.attempts = attempts, .backoff = {d, d, 0.0}, .jitter = troupe::jitter::none});
}

} // namespace pool_tests
