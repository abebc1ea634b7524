#include <troupe/alert_machine.hpp>
#include <troupe/rule_reading.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::alert_machine;
using troupe::alert_state;
using troupe::mailbox_depth;
using troupe::threshold;
using troupe::throughput;

namespace {

const troupe::time_point t0{1000s};
constexpr auto raised = alert_state::raised;
constexpr auto resolved = alert_state::resolved;
constexpr std::optional<alert_state> nothing;
constexpr std::optional<double> no_value;

/// One sample: when, what, and what the machine is to say.
struct step {
  troupe::duration at;
  std::optional<double> value;
  std::optional<alert_state> says;
};

void play(const threshold& rule, const std::vector<step>& steps) {
  alert_machine machine{rule};
  for (const auto& step : steps) {
    CAPTURE(to_string(rule));
    CAPTURE(step.at.count());
    CAPTURE(step.value.value_or(-1));
    const auto said = machine.feed(t0 + step.at, step.value);
    REQUIRE(said.has_value() == step.says.has_value());
    if (said)
      REQUIRE(said->state == *step.says);
  }
}

const threshold above_100 = mailbox_depth("a") > 100;

} // namespace

TEST_SUITE("alert_machine") {

  TEST_CASE("an alert is raised once and resolved once, however long the limit is passed") {
    play(above_100, {{0s, 100, nothing},
                     {1s, 101, raised},
                     {2s, 500, nothing},
                     {3s, 101, nothing},
                     {4s, 100, resolved},
                     {5s, 0, nothing},
                     {6s, 101, raised}});
  }

  TEST_CASE("exactly at the limit raises nothing, above or below") {
    play(above_100, {{0s, 100, nothing}, {1s, 100.001, raised}});
    play(throughput("a") < 100, {{0s, 100, nothing}, {1s, 99.999, raised}, {2s, 100, resolved}});
  }

  TEST_CASE("the limit must be passed for at least the whole time, to the nanosecond") {
    const auto rule = above_100.for_at_least(2s);
    play(rule,
         {{0s, 101, nothing}, {1s, 101, nothing}, {2s - 1ns, 101, nothing}, {2s, 101, raised}});
  }

  TEST_CASE("one value within the limit starts the time anew") {
    play(above_100.for_at_least(2s), {{0s, 101, nothing},
                                      {1s, 101, nothing},
                                      {1500ms, 100, nothing},
                                      {2s, 101, nothing},
                                      {3s, 101, nothing},
                                      {4s, 101, raised}});
  }

  TEST_CASE("a single value, however old, does not last") {
    // Between the two samples nothing is known; only the second one can say that it held.
    play(above_100.for_at_least(2s), {{0s, 101, nothing}, {1h, 100, nothing}, {2h, 101, nothing}});
  }

  TEST_CASE("an alert within the hysteresis stays open") {
    play(above_100.hysteresis(0.1), {{0s, 101, raised},
                                     {1s, 100, nothing},
                                     {2s, 90.5, nothing},
                                     {3s, 101, nothing},
                                     {4s, 90, resolved}});
    play((throughput("a") < 100).hysteresis(0.1),
         {{0s, 99, raised}, {1s, 109.5, nothing}, {2s, 110, resolved}});
  }

  TEST_CASE("hysteresis does not make an alert begin earlier or a pending one last") {
    play(above_100.hysteresis(0.1), {{0s, 95, nothing}, {1s, 100, nothing}});
    play(above_100.hysteresis(0.1).for_at_least(2s), {{0s, 101, nothing},
                                                      {1s, 95, nothing},
                                                      {2s, 101, nothing},
                                                      {3s, 101, nothing},
                                                      {4s, 101, raised}});
  }

  TEST_CASE("after being resolved nothing is raised for the cooldown") {
    play(above_100.cooldown(10s), {{0s, 101, raised},
                                   {5s, 0, resolved},
                                   {6s, 101, nothing},
                                   {7s, 0, nothing},
                                   {15s - 1ns, 101, nothing},
                                   {15s, 101, raised}});
  }

  TEST_CASE("the first alert waits for no cooldown") {
    play(above_100.cooldown(1h), {{0s, 101, raised}});
  }

  TEST_CASE("the time of a breach runs during the cooldown") {
    play(above_100.cooldown(10s).for_at_least(3s), {{0s, 101, nothing},
                                                    {3s, 101, raised},
                                                    {4s, 0, resolved},
                                                    {5s, 101, nothing},
                                                    {13s, 101, nothing},
                                                    {14s, 101, raised}});
    play(above_100.cooldown(10s).for_at_least(3s), {{0s, 101, nothing},
                                                    {3s, 101, raised},
                                                    {4s, 0, resolved},
                                                    {13s, 101, nothing},
                                                    {15s, 101, nothing},
                                                    {16s, 101, raised}});
  }

  TEST_CASE("without a value nothing is raised and nothing is resolved") {
    const double nan_value = std::numeric_limits<double>::quiet_NaN();
    play(above_100, {{0s, no_value, nothing},
                     {1s, 101, raised},
                     {2s, no_value, nothing},
                     {3s, nan_value, nothing},
                     {4s, 100, resolved}});
  }

  TEST_CASE("a missing value neither breaks nor completes the time that a breach must last") {
    const double nan_value = std::numeric_limits<double>::quiet_NaN();
    play(above_100.for_at_least(2s), {{0s, 101, nothing},
                                      {1s, nan_value, nothing},
                                      {3s, nan_value, nothing},
                                      {4s, 101, raised}});
    play(above_100.for_at_least(2s),
         {{0s, 101, nothing}, {1s, no_value, nothing}, {3s, no_value, nothing}, {4s, 101, raised}});
  }

  TEST_CASE("a clock that steps back raises nothing early") {
    SUBCASE("before the breach began: its time starts anew") {
      play(above_100.for_at_least(2s), {{10s, 101, nothing},
                                        {11s, 101, nothing},
                                        {5s, 101, nothing},
                                        {6s, 101, nothing},
                                        {7s, 101, raised}});
    }
    SUBCASE("within the breach: it takes longer") {
      play(above_100.for_at_least(2s), {{10s, 101, nothing},
                                        {11900ms, 101, nothing},
                                        {10500ms, 101, nothing},
                                        {11900ms, 101, nothing},
                                        {12s, 101, raised}});
    }
    SUBCASE("within the cooldown: it starts anew") {
      play(above_100.cooldown(10s), {{100s, 101, raised},
                                     {101s, 0, resolved},
                                     {50s, 101, nothing},
                                     {60s - 1ns, 101, nothing},
                                     {60s, 101, raised}});
    }
    SUBCASE("while an alert is open: it lasts no negative time") {
      alert_machine machine{above_100};
      (void)machine.feed(t0, 101);
      const auto said = machine.feed(t0 - 5s, 0);
      REQUIRE(said.has_value());
      CHECK(said->lasted() == 0s);
    }
  }

  TEST_CASE("what ends resolves an open alert with the reason, and raises no new one") {
    alert_machine machine{above_100};
    (void)machine.feed(t0, 150);

    const auto said = machine.end(t0 + 3s, "the run ended");

    REQUIRE(said.has_value());
    CHECK(said->state == resolved);
    CHECK(said->reason == "the run ended");
    CHECK(said->value == 150);
    CHECK(said->lasted() == 3s);
    CHECK_FALSE(machine.end(t0 + 4s, "the run ended").has_value());
  }

  TEST_CASE("what ends with nothing open says nothing, and forgets a pending breach") {
    alert_machine machine{above_100.for_at_least(2s)};
    CHECK_FALSE(machine.end(t0, "the run ended").has_value());
    (void)machine.feed(t0, 101);

    CHECK_FALSE(machine.end(t0 + 1s, "the run ended").has_value());
    CHECK(machine.current() == alert_machine::state::quiet);
    CHECK_FALSE(machine.feed(t0 + 2s, 101).has_value());
  }

  TEST_CASE("an alert tells rule, stage, value, limit and since when") {
    alert_machine machine{above_100.for_at_least(2s).critical()};
    (void)machine.feed(t0, 101);
    const auto said = machine.feed(t0 + 2500ms, 130);

    REQUIRE(said.has_value());
    CHECK(said->level == troupe::severity::critical);
    CHECK(said->rule == R"(mailbox_depth("a") > 100 for 2s)");
    CHECK(said->stage == "a");
    CHECK(said->value == 130);
    CHECK(said->limit == 100);
    CHECK(said->since == t0);
    CHECK(said->at == t0 + 2500ms);
    CHECK(said->reason.empty());
    CHECK(to_string(*said) == R"(critical: mailbox_depth("a") = 130 > 100 for 2.5s)");
  }

  TEST_CASE("the open alert is updated with every value") {
    alert_machine machine{above_100};
    CHECK_FALSE(machine.open().has_value());
    (void)machine.feed(t0, 101);
    (void)machine.feed(t0 + 1s, 700);

    REQUIRE(machine.open().has_value());
    CHECK(machine.open()->value == 700);
    CHECK(machine.open()->since == t0);
    CHECK(machine.open()->at == t0 + 1s);

    (void)machine.feed(t0 + 2s, 0);
    CHECK_FALSE(machine.open().has_value());
  }

  TEST_CASE("the state says whether a breach is pending or an alert open") {
    using state = alert_machine::state;
    alert_machine machine{above_100.for_at_least(1s)};
    CHECK(machine.current() == state::quiet);
    (void)machine.feed(t0, 101);
    CHECK(machine.current() == state::pending);
    (void)machine.feed(t0 + 1s, 101);
    CHECK(machine.current() == state::raised);
    (void)machine.feed(t0 + 2s, 0);
    CHECK(machine.current() == state::quiet);
  }

} // TEST_SUITE
