#include <troupe/policy/hedge_delay.hpp>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::duration;
using troupe::hedge;
using troupe::hedge_delay;
using troupe::time_point;

namespace {

constexpr time_point t0{1h};

void record(hedge_delay& d, int times, duration took, time_point now = t0) {
  for (int i = 0; i < times; ++i)
    d.record(took, now);
}

void lose(hedge_delay& d, int times, duration so_far) {
  for (int i = 0; i < times; ++i)
    d.record_lost(so_far, t0);
}

/// Between `d` and 6.25 % more: what a histogram may answer for `d`.
bool about(std::optional<duration> answer, duration d) {
  return answer && *answer >= d && *answer <= d + d / 16;
}

std::string refusal(const hedge& options) {
  try {
    const hedge_delay d{options};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

} // namespace

TEST_SUITE("hedge") {
  TEST_CASE("a second attempt after a delay") {
    hedge_delay d{{.after = 50ms, .max = 1}};

    CHECK(d.next(t0) == 50ms);
    record(d, 1'000, 1s);
    CHECK(d.next(t0) == 50ms);
  }

  TEST_CASE("or after the recent p95") {
    hedge_delay d{{.at_quantile = 0.95}};
    record(d, 95, 10ms);
    record(d, 5, 1s);

    CHECK(about(d.next(t0), 10ms));
    record(d, 10, 1s); // 15 of 110
    record(d, 6, 1s);  // a quantile is at most 16 calls old
    CHECK(about(d.next(t0), 1s));
  }

  TEST_CASE("a lost attempt would have taken at least its time so far") {
    hedge_delay d{{.at_quantile = 0.9}};
    record(d, 80, 10ms);
    lose(d, 20, 15ms);

    SUBCASE("how long is told by those that took longer") {
      record(d, 5, 200ms); // 30 of 110 took longer than 10 ms; half of them, 13.6 %, than 200 ms
      record(d, 5, 400ms);
      CHECK(about(d.next(t0), 400ms));
    }
    SUBCASE("twice the longest, if there are none of these") {
      CHECK(d.next(t0) >= 30ms);
      CHECK(d.next(t0) <= 32ms);
    }
    SUBCASE("none of that matters below the quantile") {
      record(d, 300, 10ms);
      CHECK(about(d.next(t0), 10ms));
    }
  }

  TEST_CASE("refusals, lost at once, are no samples") {
    hedge_delay d{{.after = 50ms, .at_quantile = 0.9}};
    lose(d, 1'000, 0ns);
    CHECK(d.next(t0) == 50ms);
    record(d, 100, 10ms);
    CHECK(about(d.next(t0), 10ms));
  }

  TEST_CASE("before there are enough samples it does not hedge, unless there is a delay") {
    hedge_delay without{{.at_quantile = 0.95}};
    hedge_delay with{{.after = 50ms, .at_quantile = 0.95}};
    CHECK_FALSE(without.next(t0));
    CHECK(with.next(t0) == 50ms);

    record(without, 19, 10ms);
    record(with, 19, 10ms);
    CHECK_FALSE(without.next(t0));
    CHECK(with.next(t0) == 50ms);

    record(without, 1, 10ms);
    record(with, 1, 10ms);
    CHECK(about(without.next(t0), 10ms));
    CHECK(about(with.next(t0), 10ms));
  }

  TEST_CASE("a higher quantile needs more samples") {
    CHECK(hedge_delay{{.at_quantile = 0.5}}.least_samples() == 20);
    CHECK(hedge_delay{{.at_quantile = 0.95}}.least_samples() == 20);
    CHECK(hedge_delay{{.at_quantile = 0.99}}.least_samples() == 100);
    CHECK(hedge_delay{{.at_quantile = 0.999}}.least_samples() == 1'000);
    CHECK(hedge_delay{{.at_quantile = 0.9999999}}.least_samples() == 1'000);
  }

  TEST_CASE("what was long ago is forgotten") {
    hedge_delay d{{.after = 50ms, .at_quantile = 0.5}};
    record(d, 100, 1s);

    SUBCASE("in a pause") {}
    SUBCASE("and when somebody looked in between") { CHECK(about(d.next(t0 + 31s), 1s)); }
    CHECK(about(d.next(t0 + 60s - 1ns), 1s));
    CHECK(d.next(t0 + 60s) == 50ms);
  }

  TEST_CASE("a quantile ends with the calls it was taken from, though few came since") {
    hedge_delay d{{.at_quantile = 0.5}};
    record(d, 100, 1s);
    record(d, 10, 10ms, t0 + 30s);
    CHECK(about(d.next(t0 + 30s), 1s));
    record(d, 15, 10ms, t0 + 31s);

    CHECK(about(d.next(t0 + 60s), 10ms));
  }

  TEST_CASE("many calls push out those before them, however recent") {
    hedge_delay d{{.at_quantile = 0.5}};
    record(d, 1'000, 1s);
    record(d, 1'000, 10ms);
    record(d, 1, 10ms);

    CHECK(about(d.next(t0), 10ms));
  }

  TEST_CASE("follows a service that becomes slower") {
    hedge_delay d{{.at_quantile = 0.95}};
    for (int i = 0; i < 600; ++i)
      d.record(10ms, t0 + i * 100ms);
    CHECK(about(d.next(t0 + 60s), 10ms));

    for (int i = 600; i < 700; ++i) // 10 s at most, of the last 60 s
      d.record(200ms, t0 + i * 100ms);
    CHECK(about(d.next(t0 + 70s), 200ms));
  }

  TEST_CASE("a clock that steps back, and times below zero, do no harm") {
    hedge_delay d{{.at_quantile = 0.95}};
    record(d, 50, 10ms);

    CHECK(about(d.next(t0 - 30min), 10ms));
    record(d, 50, -1h, t0 - 30min);
    record(d, 100, duration::max(), t0 - 30min);
    CHECK(d.next(t0 - 30min) > 0s);
    CHECK_FALSE(d.next(time_point::max()));
  }

  TEST_CASE("a delay is never zero") {
    hedge_delay d{{.at_quantile = 0.95}};
    record(d, 100, 0ns);

    CHECK(d.next(t0) == 1ns);
  }

  TEST_CASE("wrong options are refused by name") {
    CHECK(refusal({.after = -1ms}) == "hedge: after = -1 ms, needs at least 0 ms");
    CHECK(refusal({}) == "hedge: after = 0 ms, needs more than 0 ms, or at_quantile");
    CHECK(refusal({.after = 1ms, .max = 0}) == "hedge: max = 0, needs 1 to 100");
    CHECK(refusal({.after = 1ms, .max = -1}) == "hedge: max = -1, needs 1 to 100");
    CHECK(refusal({.at_quantile = 1.0})
          == "hedge: at_quantile = 1, needs more than 0 and less than 1");
    CHECK(refusal({.at_quantile = -0.5})
          == "hedge: at_quantile = -0.5, needs more than 0 and less than 1");
    CHECK(refusal({.after = 1ms, .at_quantile = std::numeric_limits<double>::quiet_NaN()})
              .starts_with("hedge: at_quantile = "));
    CHECK(refusal({.after = 50ms, .max = 100}).empty());
  }
}
