#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "breaker_fixture.hpp"

using namespace breaker_fixture;
using enum breaker_state;

namespace {

/// In half_open since t0, with nothing admitted yet.
breaker_machine trying(const circuit_breaker& options) {
  breaker_machine m{options};
  m.half_open(t0);
  return m;
}

breaker_state after_trials(const circuit_breaker& options, std::string_view letters) {
  auto m = trying(options);
  calls(m, letters);
  return m.state(t0);
}

} // namespace

TEST_SUITE("circuit_breaker") {
  TEST_CASE("half_open gives as many permits as there are trials, and no more") {
    auto m = trying({.trials = 3});

    for (int i = 0; i < 3; ++i)
      CHECK(m.admit(t0));
    CHECK_FALSE(m.admit(t0));
    CHECK_FALSE(m.admit(t0 + 1s));
    CHECK(m.snapshot(t0).not_permitted == 2);
    CHECK(m.retry_after(t0) == 60s); // its maximum wait
  }

  TEST_CASE("an outcome does not make room for one more trial") {
    auto m = trying({.minimum_calls = 3, .trials = 3});

    CHECK(calls(m, "FF") == 2);
    CHECK(m.admit(t0));
    CHECK_FALSE(m.admit(t0));
  }

  TEST_CASE("the call that ends the cooldown takes the first of the trials") {
    auto options = touchy(); // three trials
    options.minimum_calls = 3;
    breaker_machine m{options};
    calls(m, "F");

    CHECK(m.admit(t0 + 10s));
    CHECK(m.admit(t0 + 10s));
    CHECK(m.admit(t0 + 10s));
    CHECK_FALSE(m.admit(t0 + 10s));
  }

  TEST_CASE("half_open decides after min(minimum_calls, trials) outcomes on a fresh window") {
    CHECK(after_trials({.minimum_calls = 100, .trials = 4}, "FFF") == half_open);
    CHECK(after_trials({.minimum_calls = 100, .trials = 4}, "FFFF") == open);
    CHECK(after_trials({.minimum_calls = 100, .trials = 4}, "SSS") == half_open);
    CHECK(after_trials({.minimum_calls = 100, .trials = 4}, "SSSS") == closed);
    CHECK(after_trials({.minimum_calls = 2, .trials = 4}, "F") == half_open);
    CHECK(after_trials({.minimum_calls = 2, .trials = 4}, "FF") == open);
    CHECK(after_trials({.minimum_calls = 2, .trials = 4}, "SS") == closed);

    // A window of time has no bound for the minimum, and half_open does not use it.
    CHECK(after_trials({.window = last_time(1ns), .minimum_calls = 9, .trials = 2}, "FF") == open);
    // Nor does a window smaller than the trials decide earlier.
    CHECK(after_trials({.window = last_calls(2), .minimum_calls = 4, .trials = 4}, "FFF")
          == half_open);
  }

  TEST_CASE("below the threshold it closes, at exactly the threshold it opens") {
    CHECK(after_trials({.trials = 4}, "SSSF") == closed);
    CHECK(after_trials({.trials = 4}, "SSFF") == open);
    CHECK(after_trials({.slow_rate = 0.5, .trials = 4}, "SSSs") == closed);
    CHECK(after_trials({.slow_rate = 0.5, .trials = 4}, "SSss") == open);
    CHECK(after_trials({.trials = 1}, "S") == closed);
    CHECK(after_trials({.trials = 1}, "F") == open);
  }

  TEST_CASE("closing zeroes the metrics") {
    auto m = trying({.failure_rate = 0.6, .minimum_calls = 2, .trials = 2});
    calls(m, "SF");
    REQUIRE(m.state(t0) == closed);

    CHECK(m.snapshot(t0).buffered == 0);
    CHECK(m.snapshot(t0).failure_rate == -1.0);
    CHECK(m.snapshot(t0).not_permitted == 0);
    calls(m, "F"); // with the trials still in the window this would be two of three
    CHECK(m.state(t0) == closed);
  }

  TEST_CASE("what was seen while closed does not weigh on the trials, nor they on what follows") {
    breaker_machine m{{.window = last_calls(4), .minimum_calls = 2, .trials = 2, .cooldown = 10s}};
    calls(m, "FF");
    calls(m, "SS", t0 + 10s);
    REQUIRE(m.state(t0 + 10s) == closed);

    calls(m, "F", t0 + 11s);
    CHECK(m.state(t0 + 11s) == closed);
    CHECK(m.snapshot(t0 + 11s).buffered == 1);
  }

  TEST_CASE("when it opens again the cooldown begins again, and its window shows the trials") {
    breaker_machine m{{.window = last_calls(9), .minimum_calls = 3, .trials = 3, .cooldown = 10s}};
    const event_log log{m};
    calls(m, "FFF");
    calls(m, "SFF", t0 + 12s);

    CHECK(m.retry_after(t0 + 12s) == 10s);
    CHECK_FALSE(m.admit(t0 + 22s - 1ns));
    CHECK(m.snapshot(t0 + 13s).buffered == 3);
    CHECK(m.snapshot(t0 + 13s).failed == 2);
    CHECK(m.snapshot(t0 + 13s).failure_rate == 2.0 / 3);
    CHECK(m.admit(t0 + 22s));
    CHECK(log.events
          == std::vector{transition(closed, open, t0), transition(open, half_open, t0 + 12s),
                         transition(half_open, open, t0 + 12s),
                         transition(open, half_open, t0 + 22s)});
  }

  TEST_CASE("ignored outcomes and released permits can be given again") {
    auto m = trying({.trials = 2});
    auto a = m.admit(t0);
    const auto b = m.admit(t0);
    REQUIRE_FALSE(m.admit(t0));

    m.record(a, outcome::ignored, 1h, t0);
    a = m.admit(t0);
    CHECK(a);
    CHECK_FALSE(m.admit(t0));
    m.release(a, t0);
    CHECK(m.admit(t0));
    CHECK_FALSE(m.admit(t0));
    CHECK(m.snapshot(t0).buffered == 0);
    m.record(b, outcome::failure, 1ms, t0);
    CHECK(m.snapshot(t0).buffered == 1);
    CHECK_FALSE(m.admit(t0));
  }

  TEST_CASE("a permit given back twice, or after its outcome, makes room only once") {
    auto m = trying({.trials = 2});
    const auto a = m.admit(t0);
    const auto b = m.admit(t0);

    m.release(a, t0);
    m.release(a, t0);
    m.record(a, outcome::failure, 1ms, t0);
    CHECK(m.snapshot(t0).buffered == 0);
    CHECK(m.admit(t0));
    CHECK_FALSE(m.admit(t0));
    m.record(b, outcome::success, 1ms, t0);
    m.record(b, outcome::success, 1ms, t0);
    m.release(b, t0);
    CHECK(m.snapshot(t0).buffered == 1);
    CHECK_FALSE(m.admit(t0));
  }

  TEST_CASE("undecided after its maximum wait it decides on what has come, at that instant") {
    const auto after_a_minute = [](std::string_view outcomes) {
      breaker_machine m{patient(5)};
      m.half_open(t0);
      calls(m, outcomes, t0 + 1s);
      CHECK(m.state(t0 + 60s - 1ns) == half_open);
      return m.state(t0 + 60s);
    };

    CHECK(after_a_minute("S") == closed);
    CHECK(after_a_minute("FSS") == closed);
    CHECK(after_a_minute("FS") == open); // exactly the threshold
    CHECK(after_a_minute("F") == open);
    CHECK(after_a_minute("s") == open);
    CHECK(after_a_minute("ss") == open);
    CHECK(after_a_minute("Ss") == closed); // slow_rate is 1
  }

  TEST_CASE("it opens if nothing came, or nothing that counts") {
    breaker_machine m{patient(3)};
    m.half_open(t0);
    const auto lost = m.admit(t0);
    m.release(m.admit(t0), t0);
    m.record(m.admit(t0), outcome::ignored, 1ms, t0);

    CHECK(m.state(t0 + 60s) == open);
    CHECK(m.retry_after(t0 + 63s) == 7s);
    m.record(lost, outcome::success, 1ms, t0 + 63s);
    CHECK(m.snapshot(t0 + 63s).late == 1);
    CHECK_FALSE(m.admit(t0 + 70s - 1ns));
    CHECK(m.admit(t0 + 70s));
  }

  TEST_CASE("what comes after that decision is late, and the next call sees a closed breaker") {
    breaker_machine m{patient(3)};
    const event_log log{m};
    m.half_open(t0);
    const auto a = m.admit(t0 + 59s);
    const auto b = m.admit(t0 + 59s);

    m.record(a, outcome::success, 1ms, t0 + 60s - 1ns);
    m.record(b, outcome::failure, 1ms, t0 + 63s);
    CHECK(m.snapshot(t0 + 63s).late == 1);
    CHECK(m.snapshot(t0 + 63s).buffered == 0);
    CHECK(m.admit(t0 + 63s));
    CHECK(
        log.events
        == std::vector{transition(closed, half_open, t0), transition(half_open, closed, t0 + 60s)});
  }

  TEST_CASE("regression: a healthy service with a call every 30 s is not refused for a day") {
    // half_open needed ten outcomes within a minute, and opened again when there were two.
    for (const double factor : {1.0, 2.0}) {
      breaker_machine m{{.cooldown_factor = factor}};
      calls(m, std::string(100, 'F'));
      REQUIRE(m.state(t0) == open);
      int refused = 0;
      for (auto now = t0 + 60s; now < t0 + 24h; now += 30s)
        refused += calls(m, "S", now) == 0 ? 1 : 0;
      CHECK(refused == 0);
      CHECK(m.state(t0 + 24h) == closed);
    }
  }

  TEST_CASE("who is refused for want of permits is told when half_open ends") {
    SUBCASE("at its maximum wait") {
      auto m = trying({.trials = 2});
      CHECK(m.retry_after(t0 + 1s) == 0s);
      REQUIRE(m.admit(t0 + 1s));
      CHECK(m.retry_after(t0 + 1s) == 0s); // there is another permit
      REQUIRE(m.admit(t0 + 2s));
      CHECK(m.retry_after(t0 + 2s) == 58s);
      CHECK(m.retry_after(t0 + 60s - 1ns) == 1ns);
    }
    SUBCASE("or, without one, when the oldest permit may be given again") {
      auto m = trying({.trials = 2, .cooldown = 10s, .half_open_max_wait = 0s});
      REQUIRE(m.admit(t0 + 1s));
      REQUIRE(m.admit(t0 + 4s));
      CHECK(m.retry_after(t0 + 5s) == 6s);
      CHECK(m.retry_after(t0 + 11s) == 0s);
    }
  }

  TEST_CASE("an outcome at exactly the end of the maximum wait is too late") {
    auto m = trying({.trials = 1});
    const auto p = m.admit(t0);

    m.record(p, outcome::success, 1ms, t0 + 60s);

    CHECK(m.state(t0 + 60s) == open);
  }

  TEST_CASE("lost permits do not block for ever") {
    SUBCASE("the maximum wait ends it, though nobody asked in between") {
      auto m = trying({.trials = 1, .cooldown = 10s});
      REQUIRE(m.admit(t0));
      CHECK(m.admit(t0 + 70s));
    }

    SUBCASE(
        "without one, a permit not brought back within the cooldown goes to the next who asks") {
      auto m = trying({.trials = 2, .cooldown = 10s, .half_open_max_wait = 0s});
      const auto a = m.admit(t0);
      const auto b = m.admit(t0 + 5s);
      CHECK_FALSE(m.admit(t0 + 10s - 1ns));
      CHECK(m.admit(t0 + 10s));
      CHECK_FALSE(m.admit(t0 + 10s)); // that of `b` is younger
      m.record(a, outcome::failure, 1ms, t0 + 11s);
      CHECK(m.snapshot(t0 + 11s).buffered == 0);
      CHECK(m.snapshot(t0 + 11s).late == 1);
      m.record(b, outcome::failure, 1ms, t0 + 1h); // nobody wanted it
      CHECK(m.snapshot(t0 + 1h).buffered == 1);
    }
  }

  TEST_CASE("a maximum wait of zero is none") {
    auto m = trying({.trials = 1, .half_open_max_wait = 0s});
    const auto p = m.admit(t0);

    CHECK(m.state(t0 + 1000h) == half_open);
    m.record(p, outcome::success, 1ms, t0 + 1000h);
    CHECK(m.state(t0 + 1000h) == closed);
  }

  TEST_CASE("outcomes of one half_open do not count in the next") {
    breaker_machine m{patient(2)};
    m.half_open(t0);
    const auto a = m.admit(t0);
    const auto b = m.admit(t0);
    REQUIRE(m.admit(t0 + 70s)); // opened in between

    m.record(a, outcome::failure, 1ms, t0 + 70s);
    m.record(b, outcome::failure, 1ms, t0 + 70s);
    m.release(b, t0 + 70s);

    CHECK(m.state(t0 + 70s) == half_open);
    CHECK(m.snapshot(t0 + 70s).buffered == 0);
    CHECK(m.admit(t0 + 70s));
    CHECK_FALSE(m.admit(t0 + 70s));
  }

  TEST_CASE("a clock that steps back neither ends half_open early nor makes it last for ever") {
    auto m = trying({.trials = 1});
    REQUIRE(m.admit(t0));

    CHECK(m.state(t0 - 30s) == half_open);
    CHECK(m.state(t0 + 60s - 1ns) == half_open);
    CHECK(m.state(time_point{}) == half_open);
    CHECK(m.state(time_point{60s - 1ns}) == half_open);
    CHECK(m.state(time_point{60s}) == open);
  }

  TEST_CASE("after a reset a lease is no longer as long as the cooldown had grown") {
    breaker_machine m{
        {.trials = 1, .cooldown = 10s, .cooldown_factor = 5.0, .half_open_max_wait = 0s}};
    m.half_open(t0);
    calls(m, "F");
    REQUIRE(m.retry_after(t0) == 50s);
    m.reset(t0);
    m.half_open(t0);
    REQUIRE(m.admit(t0));

    CHECK_FALSE(m.admit(t0 + 10s - 1ns));
    CHECK(m.admit(t0 + 10s));
  }

  TEST_CASE("a lease from a clock that was far ahead ends in time") {
    auto m = trying({.trials = 1, .cooldown = 10s, .half_open_max_wait = 0s});
    REQUIRE(m.admit(t0 + 1000h));

    CHECK_FALSE(m.admit(t0));
    CHECK_FALSE(m.admit(t0 + 10s - 1ns));
    CHECK(m.admit(t0 + 10s));
  }
}
