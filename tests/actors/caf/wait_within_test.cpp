#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <troupe/caf/wait_within.hpp>

using namespace std::chrono_literals;
using troupe::detail::wait_within;

TEST_SUITE("wait_within") {
  TEST_CASE("what is done is not waited for, and what is not is waited for until the limit") {
    std::mutex m;
    std::condition_variable wake;
    std::unique_lock lock{m};
    CHECK(wait_within(wake, lock, troupe::duration::max(), [] { return true; }));
    CHECK_FALSE(wait_within(wake, lock, 1ms, [] { return false; }));
    CHECK_FALSE(wait_within(wake, lock, troupe::duration{-5}, [] { return false; }));
  }

  TEST_CASE("the longest of all durations is for ever, not over at once") {
    std::mutex m;
    std::condition_variable wake;
    bool done = false;
    std::unique_lock lock{m};
    std::jthread other{[&] { // gets the lock only when the other thread waits
      const std::lock_guard l{m};
      done = true;
      wake.notify_one();
    }};
    CHECK(wait_within(wake, lock, troupe::duration::max(), [&] { return done; }));
  }
}
