#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

#include "breaker_fixture.hpp"
#include <troupe/policy/breaker_event.hpp>
#include <troupe/policy/circuit_breaker.hpp>

using namespace breaker_fixture;
using troupe::errc;
using troupe::error;

namespace {

std::string refusal(const circuit_breaker& options) {
  try {
    const breaker_machine m{options};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

std::string printed(const auto& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

} // namespace

TEST_SUITE("circuit_breaker") {
  TEST_CASE("wrong options are refused by name, value and range") {
    const auto nan = std::numeric_limits<double>::quiet_NaN();

    CHECK(refusal({.failure_rate = 0})
          == "circuit_breaker: failure_rate = 0, needs more than 0, at most 1");
    CHECK(refusal({.failure_rate = 50})
          == "circuit_breaker: failure_rate = 50, needs more than 0, at most 1");
    CHECK(refusal({.failure_rate = nan}).starts_with("circuit_breaker: failure_rate = "));
    CHECK(refusal({.slow_rate = -1})
          == "circuit_breaker: slow_rate = -1, needs more than 0, at most 1");
    CHECK(refusal({.slow_after = 0s})
          == "circuit_breaker: slow_after = 0 ms, needs more than 0 ms");
    CHECK(refusal({.window = last_calls(0)}) == "circuit_breaker: window = 0, needs 1 to 10000000");
    CHECK(refusal({.window = last_calls(-3)})
          == "circuit_breaker: window = -3, needs 1 to 10000000");
    CHECK(refusal({.window = last_calls(10'000'001)})
          == "circuit_breaker: window = 10000001, needs 1 to 10000000");
    CHECK(refusal({.window = last_time(0s)})
          == "circuit_breaker: window = 0 ms, needs more than 0 ms");
    CHECK(refusal({.minimum_calls = 0}).starts_with("circuit_breaker: minimum_calls = 0, needs 1"));
    CHECK(refusal({.minimum_calls = -1}).starts_with("circuit_breaker: minimum_calls = -1, "));
    CHECK(refusal({.trials = 0}) == "circuit_breaker: trials = 0, needs 1 to 10000000");
    CHECK(refusal({.cooldown = 0s}) == "circuit_breaker: cooldown = 0 ms, needs more than 0 ms");
    CHECK(refusal({.cooldown_factor = 0.5})
          == "circuit_breaker: cooldown_factor = 0.5, needs at least 1");
    CHECK(refusal({.cooldown_factor = nan}).starts_with("circuit_breaker: cooldown_factor = "));
    CHECK(refusal({.max_cooldown = 0s})
          == "circuit_breaker: max_cooldown = 0 ms, needs more than 0 ms");
    CHECK(refusal({.half_open_max_wait = -1ms})
          == "circuit_breaker: half_open_max_wait = -1 ms, needs at least 0 ms");
  }

  TEST_CASE("options at the ends of their ranges are taken") {
    constexpr auto most = 1LL << 40;

    CHECK(refusal({}).empty());
    CHECK(refusal({.failure_rate = 1e-9, .slow_rate = 1.0}).empty());
    CHECK(refusal({.slow_after = duration::max()}).empty());
    CHECK(refusal({.window = last_calls(10'000'000), .minimum_calls = most}).empty());
    CHECK(refusal({.window = last_time(duration::max()), .minimum_calls = most}).empty());
    CHECK(refusal({.window = last_time(1ns), .trials = 10'000'000}).empty());
    CHECK(refusal({.cooldown = duration::max(), .max_cooldown = 1ns}).empty());
    CHECK(refusal({.cooldown = 1ns, .half_open_max_wait = duration::max()}).empty());
  }

  TEST_CASE("a refusal says whose option it is") {
    CHECK_THROWS_WITH_AS(
        validate(circuit_breaker{.trials = 0}, "call \"pricing\": circuit_breaker"),
        "call \"pricing\": circuit_breaker: trials = 0, needs 1 to 10000000",
        std::invalid_argument);
  }

  TEST_CASE("every error is a failure, but one whose caller gave up") {
    const circuit_breaker plain;
    const error failed{errc::stage_failed};
    const error late{errc::timed_out};
    const error cancelled{errc::cancelled};

    CHECK(classify(plain, nullptr) == outcome::success);
    CHECK(classify(plain, &failed) == outcome::failure);
    CHECK(classify(plain, &late) == outcome::failure);
    CHECK(classify(plain, &cancelled) == outcome::ignored);
  }

  TEST_CASE("is_failure says what is one; what ignore takes is not asked about") {
    const circuit_breaker choosy{
        .is_failure = [](const error& e) { return e.code() != errc::closed; },
        .ignore = [](const error& e) { return e.code() == errc::overflow; }};
    const error failed{errc::stage_failed};
    const error cancelled{errc::cancelled};
    const error closed{errc::closed};
    const error overflow{errc::overflow};

    CHECK(classify(choosy, nullptr) == outcome::success);
    CHECK(classify(choosy, &failed) == outcome::failure);
    CHECK(classify(choosy, &cancelled) == outcome::failure);
    CHECK(classify(choosy, &closed) == outcome::success);
    CHECK(classify(choosy, &overflow) == outcome::ignored);
  }

  TEST_CASE("states, outcomes and events are printed as they are written") {
    using enum breaker_state;
    std::string states;
    for (const auto s : {closed, open, half_open, forced_open, disabled, metrics_only})
      states += printed(s) + ' ';
    std::string outcomes;
    for (const auto o : {outcome::success, outcome::failure, outcome::ignored})
      outcomes += printed(o) + ' ';

    CHECK(states == "closed open half_open forced_open disabled metrics_only ");
    CHECK(outcomes == "success failure ignored ");
    CHECK(printed(transition(closed, open, t0)) == "closed -> open");
    CHECK(printed(
              breaker_event{breaker_event_kind::slow_rate_exceeded, metrics_only, metrics_only, t0})
          == "metrics_only: slow_rate_exceeded");
    CHECK(printed(breaker_event{breaker_event_kind::failure_rate_exceeded, metrics_only,
                                metrics_only, t0})
          == "metrics_only: failure_rate_exceeded");
    CHECK(printed(breaker_event{breaker_event_kind::reset, closed, closed, t0}) == "closed: reset");
    CHECK(to_string(breaker_event_kind::transition) == "transition");
  }
}
