#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <future>
#include <latch>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/semaphore.hpp>

namespace tr = troupe;
using namespace support;
using tr::errc;

namespace {

void until_waiting(const tr::semaphore& sem, std::size_t callers) {
  while (sem.waiting() < callers)
    std::this_thread::yield();
}

} // namespace

TEST_SUITE("semaphore") {
  TEST_CASE("permits are given back at the end of the scope, or early, once") {
    tr::semaphore sem{3};
    {
      auto two = sem.acquire(2);
      REQUIRE(two);
      CHECK(sem.available() == 1);
      auto one = sem.acquire();
      REQUIRE(one);
      CHECK(sem.available() == 0);
      one->release();
      one->release();
      CHECK(sem.available() == 1);
    }
    CHECK(sem.available() == 3);
  }

  TEST_CASE("a permit moves with its permits, and may outlive the semaphore") {
    std::optional<tr::semaphore> sem{3};
    auto a = *sem->acquire(1);
    auto b = *sem->acquire(2);

    a = std::move(b);
    CHECK(sem->available() == 1);
    const tr::semaphore::permit c{std::move(a)};
    CHECK(sem->available() == 1);
    sem.reset();
  }

  TEST_CASE("try_acquire never waits, and is given back by hand") {
    tr::semaphore sem{2};

    CHECK(sem.try_acquire(2));
    CHECK_FALSE(sem.try_acquire());
    CHECK_FALSE(sem.try_acquire_for(0ms));
    CHECK_FALSE(sem.try_acquire_for(1ms));
    CHECK_FALSE(sem.try_acquire(3));
    CHECK_FALSE(sem.try_acquire_for(1h, 3));
    sem.release(2);
    CHECK(sem.try_acquire_for(1h));
    sem.release();
    CHECK(sem.available() == 2);
  }

  TEST_CASE("more permits than there are fail at once") {
    tr::semaphore sem{3};

    const auto refused = sem.acquire(4);

    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::overflow);
    CHECK(refused.error().message() == "semaphore: 4 permits asked for, and there are only 3");
    CHECK(sem.available() == 3);
  }

  TEST_CASE("wrong numbers are refused by name, and a release too many is a logic error") {
    CHECK(refusal([] { tr::semaphore{0}; }) == "semaphore: permits = 0, needs at least 1");
    CHECK(refusal([] { tr::semaphore{-2}; }) == "semaphore: permits = -2, needs at least 1");
    tr::semaphore sem{3};
    CHECK(refusal([&] { (void)sem.acquire(0); }) == "semaphore: n = 0, needs at least 1");
    CHECK(refusal([&] { (void)sem.try_acquire(-1); }) == "semaphore: n = -1, needs at least 1");

    CHECK_THROWS_AS(sem.release(), std::logic_error);
    REQUIRE(sem.try_acquire(2));
    CHECK_THROWS_AS(sem.release(3), std::logic_error);
    CHECK(sem.available() == 1);
    sem.release(2);
  }

  TEST_CASE("a context that has ended gets nothing, even where all is free") {
    tr::semaphore sem{1};
    auto ctx = tr::context::background();
    ctx.cancel();

    const auto refused = sem.acquire(ctx);
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::cancelled);

    const auto late = sem.acquire(tr::context::background().with_timeout(0s));
    REQUIRE(!late);
    CHECK(late.error().code() == errc::deadline_exceeded);
    CHECK(sem.available() == 1);
  }

  TEST_CASE("a cancelled context ends the wait at once, and those behind go on") {
    tr::semaphore sem{3};
    auto held = sem.acquire(2);
    auto ctx = tr::context::background();
    auto large = std::async(std::launch::async, [&] { return sem.acquire(3, ctx); });
    until_waiting(sem, 1);
    auto small = std::async(std::launch::async, [&] { return sem.acquire(1); });
    until_waiting(sem, 2);

    ctx.cancel();

    const auto refused = large.get();
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::cancelled);
    CHECK(small.get());
  }

  TEST_CASE("the context's deadline ends the wait") {
    tr::semaphore sem{1};
    auto held = sem.acquire();

    const auto refused = sem.acquire(tr::context::background().with_timeout(1ms));

    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::deadline_exceeded);
    held->release();
    CHECK(sem.available() == 1);
  }

  TEST_CASE("a large request is not starved by small ones") {
    tr::semaphore sem{3};
    auto held = sem.acquire(2);
    std::atomic<bool> large_served{false};
    auto large = std::async(std::launch::async, [&] {
      auto all = sem.acquire(3);
      large_served = true;
      return all.has_value();
    });
    until_waiting(sem, 1);

    // One is free, and stays free for the one that waits.
    CHECK(sem.available() == 1);
    CHECK_FALSE(sem.try_acquire());
    auto small = std::async(std::launch::async, [&] {
      const auto one = sem.acquire();
      return one && large_served;
    });
    until_waiting(sem, 2);
    held->release();

    CHECK(large.get());
    CHECK(small.get());
    CHECK(sem.available() == 3);
  }

  TEST_CASE("however many threads: never more than the permits at once, and all come to an end") {
    tr::semaphore sem{3};
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::latch begin{8};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, weight = 1 + t % 3] {
        begin.arrive_and_wait();
        for (int i = 0; i < 300; ++i) {
          const auto permit = sem.acquire(weight);
          const int now = inside += weight;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          inside -= weight;
        }
      });
    for (auto& t : threads)
      t.join();

    CHECK(most <= 3);
    CHECK(most >= 1);
    CHECK(sem.available() == 3);
  }
}
