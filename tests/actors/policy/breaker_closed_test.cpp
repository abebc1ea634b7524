#include <array>
#include <string>
#include <string_view>

#include "breaker_fixture.hpp"

using namespace breaker_fixture;
using enum breaker_state;

TEST_SUITE("circuit_breaker") {
  TEST_CASE("the defaults: 50 %, slow 100 % over 60 s, window 100 calls, minimum 100, 10 trials") {
    const circuit_breaker d;

    CHECK(d.failure_rate == 0.5);
    CHECK(d.slow_rate == 1.0);
    CHECK(d.slow_after == 60s);
    CHECK_FALSE(d.window.is_by_time());
    CHECK(d.window.calls().value() == 100);
    CHECK(d.minimum_calls.value() == 100);
    CHECK(d.trials.value() == 10);
    CHECK(d.cooldown == 60s);
    CHECK(d.cooldown_factor == 1.0);
    CHECK(d.half_open_max_wait == 60s);
    CHECK(after(d, std::string(99, 'F')) == closed);
    CHECK(after(d, std::string(100, 'F')) == open);
    CHECK(after(d, std::string(51, 'S') + std::string(49, 'F')) == closed);
    CHECK(after(d, std::string(50, 'S') + std::string(50, 'F')) == open);
  }

  TEST_CASE("opens at exactly the threshold, from the minimum of calls on, a success included") {
    const circuit_breaker options{.failure_rate = 0.5, .minimum_calls = 5};
    struct row {
      std::string_view calls;
      breaker_state state;
    };
    const std::array rows{
        row{"", closed},
        row{"F", closed},
        row{"FFFF", closed},
        row{"FFFS", closed},
        row{"FFFSS", open}, // 60 %, and the fifth call is the first that may open it
        row{"SSSFF", closed},
        row{"SSSFFF", open},
        row{"FFFFF", open},
        row{"FFSSS", closed},
        row{"FFSSSF", open},
        row{"SSSSSFFFFF", open},
        row{"SSSSSSFFFFF", closed},
        row{"SSSSSSFFFFFF", open},
        row{"SSSSSSSSSSSS", closed},
    };

    for (const auto& r : rows) {
      CAPTURE(r.calls);
      CHECK(after(options, r.calls) == r.state);
    }
  }

  TEST_CASE("a threshold that binary cannot express opens where it is meant to") {
    CHECK(after({.failure_rate = 0.1 + 0.2, .minimum_calls = 10}, "SSSSSSSFFF") == open);
    CHECK(after({.failure_rate = 0.1 + 0.2, .minimum_calls = 10}, "SSSSSSSSFF") == closed);
    CHECK(after({.failure_rate = 1 - 0.9, .minimum_calls = 10}, "SSSSSSSSSF") == open);
    CHECK(after({.failure_rate = 1.0 / 3, .minimum_calls = 3}, "SSF") == open);
    CHECK(after({.failure_rate = 1.0, .minimum_calls = 3}, "FFS") == closed);
    CHECK(after({.failure_rate = 1.0, .minimum_calls = 3}, "FFF") == open);
  }

  TEST_CASE("slow means strictly longer than slow_after, whether it failed or not") {
    const circuit_breaker options{.slow_after = 100ms, .minimum_calls = 1};
    for (const auto o : {outcome::success, outcome::failure}) {
      breaker_machine at{options};
      breaker_machine beyond{options};
      at.record(at.admit(t0), o, 100ms, t0);
      beyond.record(beyond.admit(t0), o, 100ms + 1ns, t0);

      CHECK(at.snapshot(t0).slow == 0);
      CHECK(beyond.snapshot(t0).slow == 1);
    }
  }

  TEST_CASE("opens at exactly the threshold of slow calls") {
    const circuit_breaker options{.failure_rate = 1.0, .slow_rate = 0.5, .minimum_calls = 4};

    CHECK(after(options, "SSSs") == closed);
    CHECK(after(options, "SSss") == open);
    CHECK(after(options, "sss") == closed); // below the minimum
    CHECK(after(options, "sSSs") == open);  // a slow call that succeeded is a slow call
    CHECK(after({.minimum_calls = 4}, "ssss") == open);
    CHECK(after({.minimum_calls = 4}, "sssS") == closed);
  }

  TEST_CASE("failed and slow calls are two rates, which do not add up") {
    CHECK(after({.failure_rate = 0.6, .slow_rate = 0.6, .minimum_calls = 10}, "FFFFFsssss")
          == closed);
    CHECK(after({.failure_rate = 0.6, .slow_rate = 0.6, .minimum_calls = 10}, "fFFFFsssss")
          == open); // six are slow
  }

  TEST_CASE("ignored outcomes count nothing") {
    breaker_machine m{{.minimum_calls = 5}};

    CHECK(calls(m, "FFIIIIIII") == 9);
    CHECK(m.snapshot(t0).buffered == 2);
    CHECK(calls(m, "SFF") == 3);
    CHECK(m.state(t0) == open);
  }

  TEST_CASE("a window of calls forgets the oldest") {
    const circuit_breaker options{.window = last_calls(4), .minimum_calls = 4};

    CHECK(after(options, "FSSS") == closed);
    CHECK(after(options, "FSSSSF") == closed);
    CHECK(after(options, "FSSSSFF") == open);
    CHECK(after(options, "FSSSFSSSFSSSF") == closed);
    CHECK(after(options, "FSSSFSSSFSSSFF") == open);
  }

  TEST_CASE("a minimum above the window's size is the window's size") {
    CHECK(after({.window = last_calls(4), .minimum_calls = 100}, "FFF") == closed);
    CHECK(after({.window = last_calls(4), .minimum_calls = 100}, "FFFF") == open);
    CHECK(after({.window = last_calls(1)}, "F") == open);
  }

  TEST_CASE("rates are -1 below the minimum, and the numbers behind them are there") {
    breaker_machine m{{.failure_rate = 0.9, .window = last_calls(4), .minimum_calls = 3}};

    CHECK(m.snapshot(t0).failure_rate == -1.0);
    CHECK(m.snapshot(t0).slow_rate == -1.0);
    calls(m, "Fs");
    CHECK(m.snapshot(t0).failure_rate == -1.0);
    CHECK(m.snapshot(t0).slow_rate == -1.0);
    CHECK(m.snapshot(t0).buffered == 2);
    CHECK(m.snapshot(t0).failed == 1);
    CHECK(m.snapshot(t0).slow == 1);
    calls(m, "S");
    CHECK(m.snapshot(t0).failure_rate == 1.0 / 3);
    CHECK(m.snapshot(t0).slow_rate == 1.0 / 3);
    calls(m, "SS"); // the failure falls out
    CHECK(m.snapshot(t0).failure_rate == 0.0);
    CHECK(m.snapshot(t0).slow_rate == 0.25);
    CHECK(m.snapshot(t0).buffered == 4);
    CHECK(m.snapshot(t0).not_permitted == 0);
  }

  TEST_CASE("any number of calls may be under way, and a permit not brought back costs nothing") {
    breaker_machine m{{.minimum_calls = 5}};
    for (int i = 0; i < 10'000; ++i)
      CHECK(m.admit(t0).has_value());

    CHECK(m.snapshot(t0).buffered == 0);
    CHECK(m.retry_after(t0) == 0s);
  }

  TEST_CASE("no permit, no effect") {
    breaker_machine m{touchy()};
    const std::optional<permit> none;

    m.record(none, outcome::failure, 1ms, t0);
    m.release(none, t0);

    CHECK(m.state(t0) == closed);
    CHECK(m.snapshot(t0).buffered == 0);
  }

  TEST_CASE("crossing the threshold is one transition and one event") {
    breaker_machine m{{.slow_rate = 0.5, .minimum_calls = 4}};
    const event_log log{m};

    calls(m, "FFsf", t0 + 5s); // both thresholds at once

    CHECK(log.events == std::vector{transition(closed, open, t0 + 5s)});
  }
}
