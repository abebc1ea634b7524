#include <cstdint>
#include <random>
#include <vector>

#include "breaker_fixture.hpp"
#include <troupe/policy/outcome_window.hpp>

using namespace breaker_fixture;
using troupe::tally;
using troupe::time_window;
using enum breaker_state;

namespace {

std::uint64_t total(time_window& w, time_point now) { return w.sum(now).total; }

} // namespace

TEST_SUITE("circuit_breaker") {
  TEST_CASE("a window of time holds the outcomes of the last so long, and not one exactly as old") {
    breaker_machine m{{.window = last_time(20s), .minimum_calls = 1}};

    calls(m, "S", t0);
    calls(m, "S", t0 + 7s);
    CHECK(m.snapshot(t0 + 20s - 1ns).buffered == 2);
    CHECK(m.snapshot(t0 + 20s).buffered == 1);
    CHECK(m.snapshot(t0 + 27s - 1ns).buffered == 1);
    CHECK(m.snapshot(t0 + 27s).buffered == 0);
    CHECK(m.snapshot(t0 + 27s).failure_rate == -1.0);
  }

  TEST_CASE("opens when the outcomes of the window of time reach the threshold") {
    const circuit_breaker options{.window = last_time(10s), .minimum_calls = 4};
    breaker_machine m{options};

    calls(m, "SSSS", t0);
    calls(m, "FFF", t0 + 5s);
    CHECK(m.state(t0 + 5s) == closed); // 3 of 7
    calls(m, "S", t0 + 10s);
    CHECK(m.state(t0 + 10s) == open); // 3 of 4: the first successes are gone
  }

  TEST_CASE(
      "below the minimum within the window of time it stays closed, however much was before") {
    breaker_machine m{{.window = last_time(10s), .minimum_calls = 3}};

    for (int i = 0; i < 100; ++i)
      calls(m, "F", t0 + i * 5s); // two in any 10 s
    CHECK(m.state(t0 + 495s) == closed);
    calls(m, "F", t0 + 496s);
    CHECK(m.state(t0 + 496s) == open);
  }

  TEST_CASE("time alone moves no state") {
    breaker_machine m{{.window = last_time(10s), .minimum_calls = 2}};
    calls(m, "SSSFF", t0);
    calls(m, "FF", t0 + 1ms); // 57 %
    REQUIRE(m.state(t0 + 1ms) == open);

    breaker_machine n{{.window = last_time(10s), .minimum_calls = 2}};
    calls(n, "SSS", t0);
    calls(n, "FF", t0 + 5s); // 40 % now, and 100 % from 10 s on
    CHECK(n.snapshot(t0 + 12s).failure_rate == 1.0);
    CHECK(n.state(t0 + 12s) == closed);
  }

  TEST_CASE("a minimum may be larger than any window of time") {
    breaker_machine m{{.window = last_time(10s), .minimum_calls = 1'000}};

    for (int i = 0; i < 999; ++i)
      calls(m, "F", t0);
    CHECK(m.state(t0) == closed);
    calls(m, "F", t0);
    CHECK(m.state(t0) == open);
  }
}

TEST_SUITE("time_window") {
  TEST_CASE("forgets at exactly the span, for every span") {
    for (const duration span :
         {duration{1ns}, duration{2ns}, duration{255ns}, duration{256ns}, duration{257ns},
          duration{1ms}, duration{20s}, duration{123'456'789ns}, duration{8760h}}) {
      CAPTURE(span.count());
      time_window w{span};
      w.add({1, 1, 0}, t0);

      CHECK(total(w, t0 + span - 1ns) == 1);
      CHECK(total(w, t0 + span) == 0);
      CHECK(w.sum(t0 + span) == tally{});
    }
  }

  TEST_CASE(
      "outcomes a grain apart are forgotten exactly, closer ones early by less than a grain") {
    time_window w{256ms};
    REQUIRE(w.grain() == 1ms);
    w.add({.total = 1}, t0);
    w.add({.total = 10}, t0 + 1ms - 1ns); // joins the first
    w.add({.total = 100}, t0 + 1ms);

    CHECK(total(w, t0 + 256ms - 1ns) == 111);
    CHECK(total(w, t0 + 256ms) == 100);
    CHECK(total(w, t0 + 257ms - 1ns) == 100);
    CHECK(total(w, t0 + 257ms) == 0);
  }

  TEST_CASE("never holds what is older, and misses at most what a grain holds"
            * doctest::test_suite("long")) {
    std::mt19937_64 rng{17};
    for (const duration span : {duration{100ns}, duration{777ns}, duration{10'000ns}}) {
      time_window w{span};
      std::vector<time_point> all;
      auto now = t0;
      for (int i = 0; i < 5'000; ++i) {
        now += duration{static_cast<duration::rep>(rng() % (i % 100 == 0 ? 3'000 : 30))};
        w.add({.total = 1}, now);
        all.push_back(now);
        std::uint64_t upper = 0;
        std::uint64_t lower = 0;
        for (auto t = all.rbegin(); t != all.rend() && now - *t < span; ++t) {
          ++upper;
          lower += now - *t < span - w.grain() ? 1 : 0;
        }
        REQUIRE(total(w, now) <= upper);
        REQUIRE(total(w, now) >= lower);
      }
    }
  }

  TEST_CASE("a clock that steps back loses nothing, and what was far ahead counts as just now") {
    time_window w{10s};
    w.add({.total = 1}, t0);
    w.add({.total = 10}, t0 + 9s);

    CHECK(total(w, t0 + 1s) == 11);
    w.add({.total = 100}, t0 + 1s);
    CHECK(total(w, t0 + 10s) == 110);
    CHECK(total(w, time_point{}) == 110);
    CHECK(total(w, time_point{10s - 1ns}) == 110);
    CHECK(total(w, time_point{10s}) == 0);
  }

  TEST_CASE("however often the clock steps back, nothing is lost") {
    std::mt19937_64 rng{4};
    time_window w{1s};
    std::uint64_t added = 0;
    for (int i = 0; i < 20'000; ++i) {
      const auto now = t0 - i * 1ms - duration{static_cast<duration::rep>(rng() % 5'000'000'000)};
      w.add({.total = 1}, now);
      ++added;
      REQUIRE(total(w, now) <= added);
    }
    CHECK(total(w, t0 - 1000s) > 0);
    CHECK(total(w, time_point::max()) == 0);
    w.add({.total = 1}, time_point::max());
    CHECK(total(w, time_point::max()) == 1);
    CHECK(total(w, time_point::min()) == 1);
    CHECK(total(w, time_point::min() + 1s) == 0);
  }
}
