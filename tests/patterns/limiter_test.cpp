#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <limits>
#include <thread>
#include <vector>

#include "../support.hpp"
#include <troupe/limit_policy.hpp>
#include <troupe/limiter.hpp>

namespace tr = troupe;
using namespace support;
using tr::errc;
using tr::per_second;

namespace {

tr::time_point now(virtual_system& sys) { return tr::detail::now(*sys); }

/// A context in the time of the system.
tr::context timed(virtual_system& sys) {
  return tr::context::background([&sys] { return now(sys); });
}

} // namespace

TEST_SUITE("limiter") {
  TEST_CASE("allow says yes to the burst, then to the rate") {
    virtual_system sys;
    tr::limiter api{sys, "api", per_second(10), {.burst = 5}};

    CHECK(api.name() == "api");
    CHECK(api.allow(3));
    CHECK_FALSE(api.allow(3));
    CHECK(api.allow(2));
    CHECK_FALSE(api.allow());
    tr::detail::virtual_time::run_for(sys, 250ms);
    CHECK(api.allow());
    CHECK(api.allow());
    CHECK_FALSE(api.allow());
    CHECK(api.tokens() == 0.5);
  }

  TEST_CASE("a refusal is an error that says when to come again, and takes nothing") {
    virtual_system sys;
    tr::limiter api{sys, "api", per_second(10), {.burst = 2}};
    CHECK(api.take(2));

    const auto later = api.take(2);
    REQUIRE(!later);
    CHECK(later.error().code() == errc::rate_limited);
    CHECK(later.error().stage() == "api");
    CHECK(later.error().retry_after() == 200ms);
    const auto never = api.take(3);
    REQUIRE(!never);
    CHECK(never.error().code() == errc::rate_limited);
    CHECK(never.error().retry_after() == 0s);

    CHECK(api.tokens() == 0);
    tr::detail::virtual_time::run_for(sys, later.error().retry_after());
    CHECK(api.take(2));
  }

  TEST_CASE("reserve says when to act, and cancel gives back") {
    virtual_system sys;
    const auto t0 = now(sys);
    tr::limiter api{sys, "api", per_second(10), {.burst = 2}};

    CHECK(api.reserve(2).act_at() == t0);
    const auto r = api.reserve(2);
    CHECK(r.act_at() == t0 + 200ms);
    CHECK_FALSE(api.reserve(3).ok());
    api.cancel(r);
    CHECK(api.reserve().act_at() == t0 + 100ms);
  }

  TEST_CASE("wait returns when its permits are there, in virtual time") {
    virtual_system sys;
    const auto t0 = now(sys);
    tr::limiter api{sys, "api", per_second(10), {.burst = 3}};

    CHECK(api.wait(2));
    CHECK(now(sys) == t0);
    CHECK(api.wait(3));
    CHECK(now(sys) == t0 + 200ms);
    CHECK(api.wait());
    CHECK(now(sys) == t0 + 300ms);
    CHECK(api.wait(timed(sys)));
    CHECK(now(sys) == t0 + 400ms);
  }

  TEST_CASE("wait fails at once for more than the burst, unless the rate is infinite") {
    virtual_system sys;
    tr::limiter api{sys, "api", per_second(10), {.burst = 3}};
    const auto refused = api.wait(4);
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::rate_limited);
    CHECK(refused.error().retry_after() == 0s);
    CHECK(refused.error().message() == "so many are never allowed at once");
    CHECK(api.tokens() == 3);

    tr::limiter open{sys, "open", tr::unlimited(), {.burst = 1}};
    CHECK(open.wait(1'000));
  }

  TEST_CASE("wait fails at once when the context has ended") {
    virtual_system sys;
    tr::limiter api{sys, "api", per_second(10), {.burst = 3}};
    auto ctx = tr::context::background();
    ctx.cancel();

    const auto cancelled = api.wait(1, ctx);
    REQUIRE(!cancelled);
    CHECK(cancelled.error().code() == errc::cancelled);
    const auto late = api.wait(1, timed(sys).with_timeout(0s));
    REQUIRE(!late);
    CHECK(late.error().code() == errc::deadline_exceeded);
    CHECK(api.tokens() == 3);
  }

  TEST_CASE("wait fails at once when the deadline cannot be met, and waits when it just can") {
    virtual_system sys;
    const auto t0 = now(sys);
    tr::limiter api{sys, "api", per_second(10), {.burst = 3}};
    CHECK(api.wait(3));

    const auto refused = api.wait(1, timed(sys).with_timeout(100ms - 1ns));
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::rate_limited);
    CHECK(refused.error().retry_after() == 100ms);
    CHECK(refused.error().message() == "a wait of 100 ms would be longer than the context lasts");
    CHECK(now(sys) == t0);
    CHECK(api.tokens() == 0);

    CHECK(api.wait(1, timed(sys).with_timeout(100ms)));
    CHECK(now(sys) == t0 + 100ms);
  }

  TEST_CASE("cancelled while waiting, wait gives its reservation back, in virtual time") {
    virtual_system sys;
    const auto t0 = now(sys);
    tr::limiter api{sys, "api", per_second(10), {.burst = 3}};
    auto ctx = timed(sys);
    auto r = tr::start(sys, tr::ticks("t", 100ms) | tr::sink("end", [&](std::uint64_t n) {
                              if (n == 1)
                                ctx.cancel();
                            }));
    CHECK(api.wait(3));

    const auto refused = api.wait(3, ctx);

    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::cancelled);
    CHECK(now(sys) < t0 + 300ms);
    CHECK(api.tokens() == doctest::Approx{tr::per_second(10).permits_in(now(sys) - t0)});
    r.stop();
  }

  TEST_CASE("cancelled while waiting, wait gives its reservation back, among threads") {
    threaded_system sys;
    tr::limiter api{sys, "api", tr::every(1h), {.burst = 2}};
    REQUIRE(api.wait(2));
    auto ctx = tr::context::background();

    auto waiting = std::async(std::launch::async, [&] { return api.wait(2, ctx); });
    while (api.tokens() > -1.5)
      std::this_thread::yield();
    ctx.cancel();

    const auto refused = waiting.get();
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::cancelled);
    CHECK(api.tokens() >= 0);
  }

  TEST_CASE("wait among threads returns no earlier than its instant") {
    threaded_system sys;
    tr::limiter api{sys, "api", tr::every(2ms), {.burst = 1}};
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i)
      CHECK(api.wait(1, tr::context::background().with_timeout(1h)));
    CHECK(std::chrono::steady_clock::now() - begin >= 8ms);
  }

  TEST_CASE("rate and burst change live, and who has waited keeps his instant") {
    virtual_system sys;
    const auto t0 = now(sys);
    tr::limiter api{sys, "api", per_second(5), {.burst = 2}};
    CHECK(api.reserve(2).act_at() == t0);
    CHECK(api.reserve(2).act_at() == t0 + 400ms);
    tr::detail::virtual_time::run_for(sys, 200ms);
    api.set_rate(per_second(10));
    CHECK(api.reserve(1).act_at() == t0 + 400ms);
    api.set_burst(4);
    CHECK(api.reserve(4).act_at() == t0 + 800ms);
  }

  TEST_CASE("what nobody means as a limit is refused by name") {
    virtual_system sys;
    const auto made = [&](tr::rate r, tr::rate_limit_options o) {
      return refusal([&] { const tr::limiter api(sys, "api", r, o); });
    };
    CHECK(made(per_second(0), {})
          == "limiter \"api\": rate = 0 per second, needs more than 0 per second");
    CHECK(made(tr::per_minute(-3), {})
          == "limiter \"api\": rate = -3 per minute, needs more than 0 per second");
    CHECK(made(per_second(1), {.burst = 0})
          == "limiter \"api\": burst = 0, needs a number, at least 1");
    CHECK(made(per_second(1), {.burst = std::numeric_limits<double>::quiet_NaN()})
          == "limiter \"api\": burst = nan, needs a number, at least 1");
    tr::limiter api{sys, "api", per_second(1)};
    CHECK(refusal([&] { api.set_rate(per_second(0)); })
          == "limiter \"api\": rate = 0 per second, needs more than 0 per second");
    CHECK(refusal([&] { api.set_burst(-1); })
          == "limiter \"api\": burst = -1, needs a number, at least 1");
    CHECK_THROWS_AS((void)api.allow(-1), std::invalid_argument);
    CHECK(api.tokens() == 1);
  }

  TEST_CASE("threads together are allowed the burst, and no more") {
    threaded_system sys;
    tr::limiter api{sys, "api", tr::every(24h), {.burst = 1'000}};
    std::atomic<int> allowed{0};
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < 4; ++i)
        callers.emplace_back([&] {
          for (int n = 0; n < 1'000; ++n)
            allowed += api.allow() ? 1 : 0;
        });
    }
    CHECK(allowed == 1'000);
  }
}

TEST_SUITE("limit_policy") {
  TEST_CASE("a policy keeps what it was given, and refuses what nobody means") {
    const auto p = tr::rate_limit(per_second(10), {.burst = 5, .mode = tr::limit::shed});
    CHECK(p.rate == per_second(10));
    CHECK(p.options.burst.value() == 5);
    CHECK(p.options.mode == tr::limit::shed);
    CHECK(tr::rate_limit(tr::unlimited()).options.mode == tr::limit::shape);
    CHECK(refusal([] { (void)tr::rate_limit(per_second(-1)); })
          == "rate_limit: rate = -1 per second, needs more than 0 per second");
    CHECK(refusal([] { (void)tr::rate_limit(per_second(1), {.burst = 0.5}); })
          == "rate_limit: burst = 0.5, needs a number, at least 1");
  }
}
