#include <doctest/doctest.h>

#include <vector>

#include "rate_limit_fixture.hpp"
#include <troupe/settings.hpp>

using namespace rate_limit_fixture;
using tr::per_second;

TEST_SUITE("rate_limit") {
  TEST_CASE("a faster rate wakes what waits for a slow one") {
    virtual_system sys;
    arrivals log{sys};
    auto r = tr::start(sys, throttled(5, tr::every(1h), {}, log));
    r.wait_for(36min);
    r.configure("throttle", {.rate = tr::every(1min)});
    const auto end = accounted(r.wait());
    // Of the permit 0.6 are there.
    const auto at = 36min + 24s;
    CHECK(log.times == std::vector<duration>{0s, at, at + 1min, at + 2min, at + 3min});
    CHECK(end.clean());
  }

  TEST_CASE("a slower rate, an infinite one and a larger burst count from their instant on") {
    virtual_system sys;
    arrivals log{sys};
    auto r = tr::start(sys, throttled(2'000, per_second(10), {}, log));
    r.wait_for(50ms);
    r.configure("throttle", {.rate = per_second(1)});
    r.wait_for(550ms);
    CHECK(log.times == std::vector<duration>{0ms, 550ms}); // half of it was there
    r.configure("throttle", {.rate = per_second(900), .burst = 90});
    r.wait_for(1s);
    CHECK(log.items.size() == 902); // a larger burst is no permit yet
    r.configure("throttle", {.rate = tr::unlimited()});
    const auto end = accounted(r.wait());
    CHECK(log.items == numbers(2'000));
    CHECK(end.elapsed() == 1'600ms);
  }

  TEST_CASE("each run has a limit of its own") {
    virtual_system sys;
    std::vector<int> out;
    const auto f = tr::from("n", numbers(3)) | tr::rate_limit("throttle", tr::every(1s))
                   | tr::collect("out", out);
    auto one = tr::start(sys, f);
    auto two = tr::start(sys, f);
    one.configure("throttle", {.rate = tr::every(1ms)});
    CHECK(accounted(one.wait()).elapsed() == 2ms);
    CHECK(accounted(two.wait()).elapsed() == 2s);
  }

  TEST_CASE("paused it passes nothing, and resumed no more than a full bucket") {
    virtual_system sys;
    arrivals log{sys};
    auto r = tr::start(sys, throttled(10, per_second(10), {.burst = 3}, log));
    r.wait_for(100ms);
    r.pause("throttle");
    r.wait_for(10s);
    CHECK(log.items.size() == 4);
    r.resume("throttle");
    r.wait_for(0s);
    CHECK(log.items.size() == 7);
    CHECK(accounted(r.wait()).clean());
    CHECK(log.items == numbers(10));
  }

  TEST_CASE("wrong options and settings are refused by name") {
    const auto made = [](tr::rate r, tr::rate_limit_options o) {
      return refusal([&] {
        std::vector<int> out;
        (void)(tr::from("n", numbers(1)) | tr::rate_limit("throttle", r, o));
      });
    };
    CHECK(made(per_second(0), {})
          == "rate_limit \"throttle\": rate = 0 per second, needs more than 0 per second");
    CHECK(made(tr::per_minute(-5), {})
          == "rate_limit \"throttle\": rate = -5 per minute, needs more than 0 per second");
    CHECK(made(per_second(1), {.burst = 0})
          == "rate_limit \"throttle\": burst = 0, needs a number, at least 1");
    CHECK(made(per_second(1), {.buffer = 0})
          == "rate_limit \"throttle\": buffer = 0, needs at least 1");

    virtual_system sys;
    arrivals log{sys};
    auto r = tr::start(sys, throttled(3, per_second(10), {}, log));
    const auto set = [&](const char* stage, const tr::settings& s) {
      return refusal([&] { r.configure(stage, s); });
    };
    CHECK(set("throttle", {.rate = per_second(0)})
          == "rate_limit \"throttle\": rate = 0 per second, needs more than 0 per second");
    CHECK(set("throttle", {.rate = per_second(5), .burst = 0.5})
          == "rate_limit \"throttle\": burst = 0.5, needs a number, at least 1");
    CHECK(set("end", {.rate = per_second(5)})
          == "sink \"end\": rate = 5 per second, needs a rate_limit");
    CHECK(set("n", {.burst = 5}) == "from \"n\": burst = 5, needs a rate_limit");
    CHECK(set("throttle", {.parallel = 2, .burst = 5})
              .starts_with("rate_limit \"throttle\": parallel"));
    CHECK(accounted(r.wait()).elapsed() == 200ms); // as it was composed
  }
}
