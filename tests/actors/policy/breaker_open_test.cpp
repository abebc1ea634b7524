#include <optional>
#include <string>

#include "breaker_fixture.hpp"

using namespace breaker_fixture;
using enum breaker_state;

namespace {

breaker_machine opened(const circuit_breaker& options = touchy()) {
  breaker_machine m{options};
  calls(m, "F");
  REQUIRE(m.state(t0) == open);
  return m;
}

} // namespace

TEST_SUITE("circuit_breaker") {
  TEST_CASE("open refuses, and says how long it will") {
    auto m = opened();

    CHECK_FALSE(m.admit(t0));
    CHECK(m.retry_after(t0) == 10s);
    CHECK_FALSE(m.admit(t0 + 3s));
    CHECK(m.retry_after(t0 + 3s) == 7s);
    CHECK_FALSE(m.admit(t0 + 10s - 1ns));
    CHECK(m.retry_after(t0 + 10s - 1ns) == 1ns);
  }

  TEST_CASE("at exactly the end of the cooldown it admits, and not before") {
    auto m = opened();

    CHECK(m.retry_after(t0 + 10s) == 0s);
    CHECK(m.retry_after(t0 + 1h) == 0s);
    CHECK_FALSE(m.admit(t0 + 10s - 1ns));
    CHECK(m.admit(t0 + 10s));
  }

  TEST_CASE("the first admitted call makes it half_open, not the end of the cooldown") {
    auto m = opened();
    const event_log log{m};

    CHECK(m.state(t0 + 10s) == open);
    CHECK(m.state(t0 + 1h) == open);
    CHECK(m.admit(t0 + 2h));
    CHECK(m.state(t0 + 2h) == half_open);
    CHECK(log.events == std::vector{transition(open, half_open, t0 + 2h)});
  }

  TEST_CASE("refusals never enter the window, and are counted while the state lasts") {
    auto m = opened();

    for (int i = 0; i < 7; ++i)
      CHECK_FALSE(m.admit(t0 + 1s));
    CHECK(m.snapshot(t0 + 1s).not_permitted == 7);
    CHECK(m.snapshot(t0 + 1s).buffered == 1);
    CHECK(m.admit(t0 + 10s));
    CHECK(m.snapshot(t0 + 10s).not_permitted == 0);
  }

  TEST_CASE("while open the window shows what it opened on") {
    breaker_machine m{{.window = last_calls(10), .minimum_calls = 4}};
    calls(m, "SsFF");

    const auto s = m.snapshot(t0 + 1s);

    CHECK(m.state(t0 + 1s) == open);
    CHECK(s.failure_rate == 0.5);
    CHECK(s.slow_rate == 0.25);
    CHECK(s.buffered == 4);
    CHECK(s.failed == 2);
    CHECK(s.slow == 1);
  }

  TEST_CASE("a late outcome is counted and moves no state") {
    breaker_machine m{{.window = last_calls(10), .minimum_calls = 2, .cooldown = 10s}};
    const auto late = m.admit(t0);
    const auto later = m.admit(t0);
    const auto latest = m.admit(t0);
    calls(m, "FF");
    REQUIRE(m.state(t0) == open);
    const event_log log{m};

    SUBCASE("while open, in the window as well") {
      m.record(late, outcome::success, 1ms, t0 + 1s);
      m.record(later, outcome::success, 1ms, t0 + 1s);
      m.record(latest, outcome::success, 1ms, t0 + 1s); // 40 %: below the threshold by now
      CHECK(m.state(t0 + 1s) == open);
      CHECK(m.snapshot(t0 + 1s).buffered == 5);
      CHECK(m.snapshot(t0 + 1s).failure_rate == 0.4);
      CHECK(m.snapshot(t0 + 1s).late == 3);
      CHECK(m.retry_after(t0 + 1s) == 9s);
      CHECK(log.events.empty());
    }

    SUBCASE("in half_open") {
      REQUIRE(m.admit(t0 + 10s));
      m.record(late, outcome::failure, 1ms, t0 + 10s);
      m.record(later, outcome::failure, 1ms, t0 + 10s);
      CHECK(m.state(t0 + 10s) == half_open);
      CHECK(m.snapshot(t0 + 10s).buffered == 0);
      CHECK(m.snapshot(t0 + 10s).late == 2);
    }

    SUBCASE("when it is closed again") {
      m.reset(t0 + 1s);
      m.record(late, outcome::failure, 1ms, t0 + 1s);
      m.record(later, outcome::failure, 1ms, t0 + 1s);
      CHECK(m.state(t0 + 1s) == closed);
      CHECK(m.snapshot(t0 + 1s).buffered == 0);
      CHECK(m.snapshot(t0 + 1s).late == 2);
    }

    SUBCASE("and when it is open for the second time") {
      calls(m, "FF", t0 + 10s);
      REQUIRE(m.state(t0 + 10s) == open);
      m.record(late, outcome::failure, 1ms, t0 + 11s);
      CHECK(m.snapshot(t0 + 11s).buffered == 2);
      CHECK(m.snapshot(t0 + 11s).late == 1);
    }
  }

  TEST_CASE(
      "the cooldown grows by its factor with each opening out of half_open, up to a maximum") {
    auto options = touchy();
    options.cooldown_factor = 2.0;
    options.max_cooldown = 50s;
    options.half_open_max_wait = 1s;
    auto m = opened(options);
    auto now = t0;

    for (const auto cooldown : {10s, 20s, 40s, 50s, 50s, 50s}) {
      CHECK(m.retry_after(now) == cooldown);
      now += cooldown;
      CHECK(calls(m, "FFF", now) >= 1); // half_open, and open again
      CHECK(m.state(now) == open);
    }
    now += 50s;
    calls(m, "SSS", now);
    CHECK(m.state(now) == closed);
    calls(m, "F", now);
    CHECK(m.retry_after(now) == 10s); // closing began anew
  }

  TEST_CASE("waiting in vain in half_open makes the cooldown grow as well") {
    auto options = touchy();
    options.cooldown_factor = 3.0;
    options.half_open_max_wait = 5s;
    auto m = opened(options);

    REQUIRE(m.admit(t0 + 10s));

    CHECK(m.retry_after(t0 + 15s) == 30s);
  }

  TEST_CASE("a cooldown longer than the maximum stays as it is") {
    auto options = touchy();
    options.cooldown = 1h;
    options.cooldown_factor = 2.0;
    auto m = opened(options); // max_cooldown is 10 min

    CHECK(m.retry_after(t0) == 1h);
    calls(m, "F", t0 + 1h);
    CHECK(m.retry_after(t0 + 1h) == 1h);
  }

  TEST_CASE("however often it opens, the cooldown does not overflow") {
    auto options = touchy();
    options.cooldown = duration::max() / 3;
    options.cooldown_factor = 1e300;
    options.max_cooldown = duration::max();
    options.half_open_max_wait = 0s;
    auto m = opened(options);

    for (int i = 0; i < 5'000; ++i) {
      m.half_open(t0);
      calls(m, "F");
      REQUIRE(m.retry_after(t0) == duration::max());
    }
    CHECK_FALSE(m.admit(time_point::max() - 1ns));
  }

  TEST_CASE("a clock that steps back admits nothing early") {
    auto m = opened();

    CHECK_FALSE(m.admit(t0 - 5s));
    CHECK(m.retry_after(t0 - 5s) == 10s);
    CHECK_FALSE(m.admit(t0 + 10s - 1ns));
    CHECK(m.admit(t0 + 10s));
  }

  TEST_CASE("a clock that steps back far begins the cooldown anew instead of blocking for ever") {
    auto m = opened();

    CHECK_FALSE(m.admit(time_point{}));
    CHECK(m.retry_after(time_point{}) == 10s);
    CHECK_FALSE(m.admit(time_point{10s - 1ns}));
    CHECK(m.admit(time_point{10s}));
  }

  TEST_CASE("instants at the ends of the range neither overflow nor admit early") {
    breaker_machine m{touchy()};
    calls(m, "F", time_point::min());
    CHECK_FALSE(m.admit(time_point::min() + 10s - 1ns));
    CHECK(m.admit(time_point::max()));

    breaker_machine n{touchy()};
    calls(n, "F", time_point::max());
    CHECK_FALSE(n.admit(time_point::max()));
    CHECK_FALSE(n.admit(time_point::min()));
    CHECK(n.admit(time_point::min() + 10s));
  }
}
