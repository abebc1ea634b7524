#include <array>
#include <functional>
#include <stdexcept>
#include <vector>

#include "breaker_fixture.hpp"

using namespace breaker_fixture;
using enum breaker_state;

TEST_SUITE("circuit_breaker") {
  TEST_CASE("forced_open refuses until released") {
    breaker_machine m{touchy()};
    m.force_open(t0);

    CHECK_FALSE(m.admit(t0));
    CHECK_FALSE(m.admit(t0 + 1000h));
    CHECK(m.state(t0 + 1000h) == forced_open);
    CHECK(m.snapshot(t0).not_permitted == 2);
    CHECK(m.snapshot(t0).buffered == 0);
    CHECK(m.snapshot(t0).failure_rate == -1.0);
    CHECK(m.retry_after(t0) == 0s); // waiting does not help

    SUBCASE("by reset") {
      m.reset(t0);
      CHECK(m.admit(t0));
      CHECK(m.state(t0) == closed);
      CHECK(m.snapshot(t0).not_permitted == 0);
    }
    SUBCASE("by half_open") {
      m.half_open(t0);
      CHECK(m.admit(t0));
      CHECK(m.state(t0) == half_open);
    }
  }

  TEST_CASE("forced_open for a time ends like a cooldown: with a trial") {
    breaker_machine m{touchy()};
    m.force_open(t0, 5min);

    CHECK_FALSE(m.admit(t0 + 5min - 1ns));
    CHECK(m.retry_after(t0 + 1min) == 4min);
    CHECK(m.state(t0 + 5min) == forced_open); // until somebody asks
    CHECK(m.admit(t0 + 5min));
    CHECK(m.state(t0 + 5min) == half_open);

    SUBCASE("by hand it ends before") {
      m.force_open(t0, 5min);
      m.reset(t0 + 1s);
      CHECK(m.admit(t0 + 1s));
    }
    SUBCASE("each time counts anew") {
      m.force_open(t0 + 6min, 1s);
      CHECK_FALSE(m.admit(t0 + 6min + 1s - 1ns));
      CHECK(m.admit(t0 + 6min + 1s));
      m.force_open(t0 + 7min);
      CHECK_FALSE(m.admit(t0 + 1000h));
    }
    SUBCASE("the longest is no limit") {
      m.force_open(t0, duration::max());
      CHECK_FALSE(m.admit(time_point::max()));
      CHECK(m.retry_after(t0) == 0s);
    }
    SUBCASE("a clock that steps back makes it no longer than it was") {
      m.force_open(t0 + 1000h, 5min);
      CHECK_FALSE(m.admit(t0));
      CHECK_FALSE(m.admit(t0 + 5min - 1ns));
      CHECK(m.admit(t0 + 5min));
    }
  }

  TEST_CASE("forced_open for no time is refused") {
    breaker_machine m{touchy()};
    CHECK_THROWS_WITH_AS(m.force_open(t0, 0ns), "force_open: for = 0 ms, needs more than 0 ms",
                         std::invalid_argument);
    CHECK_THROWS_AS(m.force_open(t0, -1s), std::invalid_argument);
    CHECK(m.state(t0) == closed);
  }

  TEST_CASE("a late outcome does not release forced_open") {
    breaker_machine m{touchy()};
    const auto p = m.admit(t0);
    m.force_open(t0);

    m.record(p, outcome::success, 1ms, t0);
    m.release(p, t0);

    CHECK(m.state(t0) == forced_open);
    CHECK(m.snapshot(t0).buffered == 0);
    CHECK(m.snapshot(t0).late == 1);
  }

  TEST_CASE("disabled passes everything and records nothing") {
    breaker_machine m{touchy()};
    const auto early = m.admit(t0);
    m.disable(t0);
    const event_log log{m};

    CHECK(calls(m, "FFFFFfff") == 8);
    m.record(early, outcome::failure, 1ms, t0);
    CHECK(m.state(t0) == disabled);
    CHECK(m.snapshot(t0).buffered == 0);
    CHECK(m.snapshot(t0).failure_rate == -1.0);
    CHECK(m.snapshot(t0).late == 0);
    CHECK(log.events.empty());
  }

  TEST_CASE("a call permitted while disabled is a late one afterwards") {
    breaker_machine m{touchy()};
    m.disable(t0);
    const auto p = m.admit(t0);
    m.reset(t0);

    m.record(p, outcome::failure, 1ms, t0);

    CHECK(m.state(t0) == closed);
    CHECK(m.snapshot(t0).late == 1);
  }

  TEST_CASE("metrics_only records, publishes each threshold event once, and never trips") {
    breaker_machine m{{.slow_rate = 0.5, .window = last_calls(4), .minimum_calls = 4}};
    m.metrics_only(t0);
    const event_log log{m};

    CHECK(calls(m, "FFF") == 3);
    CHECK(log.events.empty());
    CHECK(calls(m, "F", t0 + 1s) == 1);
    CHECK(m.snapshot(t0 + 1s).failure_rate == 1.0);
    CHECK(calls(m, "SSSSFFFFssss", t0 + 2s) == 12);
    CHECK(m.state(t0 + 2s) == metrics_only);
    CHECK(m.snapshot(t0 + 2s).slow_rate == 1.0);
    CHECK(log.events
          == std::vector<breaker_event>{
              {breaker_event_kind::failure_rate_exceeded, metrics_only, metrics_only, t0 + 1s},
              {breaker_event_kind::slow_rate_exceeded, metrics_only, metrics_only, t0 + 2s}});
  }

  TEST_CASE("both thresholds crossed by one outcome are two events, failures first") {
    breaker_machine m{{.minimum_calls = 2}};
    m.metrics_only(t0);
    const event_log log{m};

    calls(m, "ffff");

    REQUIRE(log.events.size() == 2);
    CHECK(log.events[0].kind == breaker_event_kind::failure_rate_exceeded);
    CHECK(log.events[1].kind == breaker_event_kind::slow_rate_exceeded);
  }

  TEST_CASE("no second threshold event once a listener of the first has ended metrics_only") {
    breaker_machine m{{.minimum_calls = 2}};
    m.metrics_only(t0);
    const event_log log{m};
    m.on_event([&](const breaker_event& e) {
      if (e.kind == breaker_event_kind::failure_rate_exceeded)
        m.force_open(e.at);
    });

    calls(m, "ff");

    REQUIRE(log.events.size() == 2);
    CHECK(log.events[1] == transition(metrics_only, forced_open, t0));
  }

  TEST_CASE("metrics_only begun anew has zero metrics, and publishes once more") {
    breaker_machine m{{.minimum_calls = 1}};
    m.metrics_only(t0);
    const event_log log{m};

    calls(m, "ff");
    m.metrics_only(t0);
    CHECK(m.snapshot(t0).buffered == 0);
    calls(m, "ff");

    CHECK(log.events.size() == 4);
  }

  TEST_CASE("reset zeroes the metrics and closes, from every state") {
    const std::array<std::function<void(breaker_machine&)>, 6> ways{
        [](auto& m) { calls(m, "S"); },   [](auto& m) { calls(m, "FFF"); },
        [](auto& m) { m.half_open(t0); }, [](auto& m) { m.force_open(t0); },
        [](auto& m) { m.disable(t0); },   [](auto& m) { m.metrics_only(t0); },
    };
    const std::array states{closed, open, half_open, forced_open, disabled, metrics_only};

    for (std::size_t i = 0; i < ways.size(); ++i) {
      CAPTURE(states[i]);
      breaker_machine m{{.window = last_calls(3), .minimum_calls = 3}};
      ways[i](m);
      REQUIRE(m.state(t0) == states[i]);
      const event_log log{m};

      m.reset(t0 + 1s);

      CHECK(m.state(t0 + 1s) == closed);
      CHECK(m.admit(t0 + 1s));
      CHECK(m.snapshot(t0 + 1s).buffered == 0);
      CHECK(m.snapshot(t0 + 1s).not_permitted == 0);
      const auto kind
          = states[i] == closed ? breaker_event_kind::reset : breaker_event_kind::transition;
      CHECK(log.events == std::vector<breaker_event>{{kind, states[i], closed, t0 + 1s}});
    }
  }

  TEST_CASE("every state may be chosen in every state, and begins anew") {
    using change = void (breaker_machine::*)(time_point);
    struct row {
      breaker_state state;
      change enter;
    };
    const std::array rows{
        row{forced_open, &breaker_machine::force_open}, row{disabled, &breaker_machine::disable},
        row{metrics_only, &breaker_machine::metrics_only},
        row{half_open, &breaker_machine::half_open}, row{closed, &breaker_machine::reset}};

    for (const auto& from : rows)
      for (const auto& to : rows) {
        CAPTURE(from.state);
        CAPTURE(to.state);
        breaker_machine m{touchy()};
        (m.*from.enter)(t0);
        const event_log log{m};

        (m.*to.enter)(t0 + 1s);

        CHECK(m.state(t0 + 1s) == to.state);
        if (from.state == to.state)
          CHECK(log.events.size() == (to.state == closed ? 1 : 0));
        else
          CHECK(log.events == std::vector{transition(from.state, to.state, t0 + 1s)});
      }
  }

  TEST_CASE("half_open by hand in half_open gives all trials again") {
    breaker_machine m{{.trials = 1}};
    m.half_open(t0);
    REQUIRE(m.admit(t0));
    REQUIRE_FALSE(m.admit(t0));

    m.half_open(t0 + 59s);

    CHECK(m.admit(t0 + 59s));
    CHECK(m.state(t0 + 60s) == half_open); // its maximum wait has begun anew, too
  }

  TEST_CASE("what a listener throws comes out, and the change is complete") {
    breaker_machine m{touchy()};
    m.on_event([](const breaker_event&) { throw std::runtime_error{"no"}; });

    CHECK_THROWS_AS(m.force_open(t0), std::runtime_error);
    CHECK(m.state(t0) == forced_open);
    CHECK_FALSE(m.admit(t0));
  }

  TEST_CASE("all listeners hear of an event, in their order, and one added meanwhile of the next") {
    breaker_machine m{touchy()};
    std::vector<int> heard;
    m.on_event([&](const breaker_event&) {
      heard.push_back(1);
      if (heard.size() == 1)
        m.on_event([&](const breaker_event&) { heard.push_back(3); });
    });
    m.on_event([&](const breaker_event&) { heard.push_back(2); });
    m.on_event({}); // nobody

    m.force_open(t0);
    CHECK(heard == std::vector{1, 2});
    m.disable(t0);
    CHECK(heard == std::vector{1, 2, 1, 2, 3});
  }

  TEST_CASE("a listener may use the breaker") {
    breaker_machine m{touchy()};
    m.on_event([&](const breaker_event& e) {
      if (e.to == open)
        m.half_open(e.at);
    });

    calls(m, "F");

    CHECK(m.state(t0) == half_open);
  }
}
