#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include "../support.hpp"
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
  TEST_CASE("16 threads at one limiter are allowed what the rate gives, and never more") {
    threaded_system sys;
    for (const double rate : {1e3, 1e6}) {
      CAPTURE(rate);
      const double burst = rate / 10; // more than the threads are ever away for
      const auto made = steady_clock::now();
      tr::limiter api{sys, "api", tr::per_second(rate), {.burst = burst}};
      std::atomic<std::uint64_t> allowed{0};
      std::atomic<std::uint64_t> asked{0};
      const auto began = steady_clock::now();
      hammer(500ms, [&](int) {
        ++asked;
        if (api.allow())
          ++allowed;
      });
      const auto ended = steady_clock::now();
      const auto count = static_cast<double>(allowed);
      CHECK(count <= burst + rate * seconds(ended - made));
      // Unless so few asked that nobody was refused.
      if (asked > allowed)
        CHECK(count >= 0.9
                           * std::min(burst + rate * seconds(ended - began - 50ms),
                                      static_cast<double>(asked)));
    }
  }

  TEST_CASE("what 16 threads do to a limiter at once leaves it with what it should have") {
    threaded_system sys;
    tr::limiter api{sys, "api", tr::every(24h), {.burst = 64}};
    std::atomic<int> kept{0};
    hammer(300ms, [&](int thread) {
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
        if (burst > 1) // a busy machine may be late by 100 ms at the end
          CHECK(took < (items - burst) / rate + 0.3);
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
