#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include "../support.hpp"
#include "stress_time.hpp"
#include <troupe/limiter.hpp>
#include <troupe/rate_limit.hpp>

namespace tr = troupe;
using namespace support;
using std::chrono::steady_clock;

namespace {

constexpr int crowd = 16;

/// Runs `f(thread)` again and again in 16 threads that begin together, for `d`.
template <class F>
void hammer(tr::duration d, F f) {
  std::latch begin{crowd};
  std::vector<std::jthread> threads;
  for (int i = 0; i < crowd; ++i)
    threads.emplace_back([&, i] {
      begin.arrive_and_wait();
      const auto end = steady_clock::now() + d; // real-time: permits come with it, also to threads
      while (steady_clock::now() < end)
        f(i);
    });
}

double seconds(tr::duration d) { return std::chrono::duration<double>{d}.count(); }

} // namespace

TEST_SUITE("limiter") {
  TEST_CASE(
      "16 threads at one limiter are allowed what the rate gives: no more, and nothing lost") {
    threaded_system sys;
    for (const double rate : {1e3, 1e6}) {
      CAPTURE(rate);
      const double burst = 3'600 * rate; // never full again, however late a thread is
      tr::limiter api{sys, "api", tr::per_second(rate), {.burst = burst}};
      std::atomic<std::uint64_t> allowed{0};
      const auto before = steady_clock::now();
      REQUIRE(api.allow(burst));
      const auto empty = steady_clock::now();
      hammer(stress_time(), [&](int) {
        if (api.allow())
          ++allowed;
      });
      const auto end = steady_clock::now();
      const double given = static_cast<double>(allowed) + api.tokens();
      CHECK(given >= rate * seconds(end - empty) - 1);
      CHECK(given <= rate * seconds(steady_clock::now() - before) + 1);
      CHECK(allowed > 0);
    }
  }

  TEST_CASE("what 16 threads do to a limiter at once leaves it with what it should have") {
    threaded_system sys;
    tr::limiter api{sys, "api", tr::every(24h), {.burst = 64}};
    std::atomic<int> kept{0};
    hammer(stress_time(), [&](int thread) {
      if (thread % 4 == 0) {
        auto ctx = tr::context::background();
        const std::jthread other{[&] { ctx.cancel(); }};
        if (api.wait(2, ctx))
          kept += 2;
      } else if (thread % 4 == 1) {
        const auto r = api.reserve(3);
        api.cancel(r);
      } else if (thread % 4 == 2) {
        if (api.take(1))
          ++kept;
      } else {
        api.set_burst(64);
        api.set_rate(tr::every(24h));
        CHECK(api.tokens() <= 64);
      }
    });
    CHECK(kept <= 64);
    CHECK(api.tokens() <= 64 - kept + 1e-3);
  }
}

TEST_SUITE("rate_limit") {
  TEST_CASE(
      "the rate is kept on real timers, and reached where the burst outlasts their lateness") {
    threaded_system sys;
    for (const double rate : {2'000.0, 100'000.0})
      for (const double burst : {1.0, rate / 10}) {
        CAPTURE(rate);
        CAPTURE(burst);
        const auto items = static_cast<int>(rate / 2);
        std::vector<int> out;
        const auto end = run_to_end(
            sys, tr::from("n", numbers(items))
                     | tr::rate_limit("throttle", tr::per_second(rate), {.burst = burst})
                     | tr::collect("out", out));
        CHECK(out == numbers(items));
        const auto took = seconds(end.elapsed());
        CHECK(took >= (items - burst) / rate);
        // Exactly how much is made good is pacer_test's; a busy machine is late by any time.
        if (burst > 1)
          CHECK(took < 3 * (items - burst) / rate + 1);
      }
  }

  TEST_CASE("a limit that is changed all the time loses nothing") {
    threaded_system sys;
    std::vector<int> out;
    auto r = tr::start(sys, tr::from("n", numbers(300'000))
                                | tr::rate_limit("throttle", tr::per_second(1e6), {.burst = 100})
                                | tr::collect("out", out));
    for (int i = 0; !r.done(); ++i) {
      r.configure("throttle", {.rate = tr::per_second(1e5 * (1 + i % 20)), .burst = 1 + i % 200});
      std::this_thread::yield();
    }
    CHECK(accounted(r.wait()).clean());
    CHECK(out == numbers(300'000));
  }
}
