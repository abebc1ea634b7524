#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

/// Sleeps until `done()`, at most for `limit`; whether it is done. std::condition_variable itself
/// adds the limit to the time it is, and wraps around.
template <class Done>
bool wait_within(std::condition_variable& wake, std::unique_lock<std::mutex>& lock, duration limit,
                 Done done) {
  if (limit < for_ever)
    return wake.wait_for(lock, limit, std::move(done));
  wake.wait(lock, std::move(done));
  return true;
}

} // namespace troupe::detail
