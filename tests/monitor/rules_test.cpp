#include <troupe/alert_machine.hpp>
#include <troupe/condition.hpp>

#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <troupe/detail/glob.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace troupe;
using state = alert_machine::state;

namespace {

const time_point t0{1000s};
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

std::string refusal(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

/// A value for each stage; what is not there is not known.
struct depths final : rule_reading {
  depths(std::map<std::string, double> all) : values{std::move(all)} {}
  std::optional<double> value(const condition& c) const override {
    const auto found = values.find(c.stage.name());
    return found == values.end() ? std::nullopt : std::optional{found->second};
  }
  std::map<std::string, double> values;
};

const threshold a = mailbox_depth("a") > 10;
const threshold b = mailbox_depth("b") > 10;
const threshold c = mailbox_depth("c") > 10;

/// What a part can be: beyond its limit, within it, or not known.
depths both_of(std::optional<bool> first, std::optional<bool> second) {
  depths all{{}};
  if (first)
    all.values["a"] = *first ? 11 : 10;
  if (second)
    all.values["b"] = *second ? 11 : 10;
  return all;
}

} // namespace

TEST_SUITE("joined rules") {
  TEST_CASE("a rule reads as it was written") {
    const auto held = (p99_latency("a") > 250ms).for_at_least(2s);
    const std::pair<threshold, const char*> rows[] = {
        {a && b, R"(mailbox_depth("a") > 10 && mailbox_depth("b") > 10)"},
        {a || b || c,
         R"(mailbox_depth("a") > 10 || mailbox_depth("b") > 10 || mailbox_depth("c") > 10)"},
        {a || (b && c),
         R"(mailbox_depth("a") > 10 || mailbox_depth("b") > 10 && mailbox_depth("c") > 10)"},
        {(a || b) && c,
         R"((mailbox_depth("a") > 10 || mailbox_depth("b") > 10) && mailbox_depth("c") > 10)"},
        {(a && b).for_at_least(5s),
         R"((mailbox_depth("a") > 10 && mailbox_depth("b") > 10) for 5s)"},
        {held && a, R"((p99_latency("a") > 250ms for 2s) && mailbox_depth("a") > 10)"},
        {(a || b).for_at_least(1s) && c,
         R"(((mailbox_depth("a") > 10 || mailbox_depth("b") > 10) for 1s) && mailbox_depth("c") > 10)"},
        {stalled("a").for_at_least(5s), R"(stalled("a") for 5s)"},
        {stalled(any_stage).for_at_least(5s) || memory() > 1024,
         R"((stalled(any_stage) for 5s) || memory() > 1KiB)"},
        {p99_latency(any_stage) > 250ms, "p99_latency(any_stage) > 250ms"},
        {(p99_latency(any_stage) > 250ms).about("x"), R"(p99_latency("x") > 250ms)"},
        {growth(memory()).per(1min) > 1048576, "growth(memory()).per(60s) > 1MiB"},
        {growth(p99_latency("a")).per(10s) < -5ms, R"(growth(p99_latency("a")).per(10s) < -5ms)"},
    };
    for (const auto& [rule, text] : rows)
      CHECK(to_string(rule) == text);
  }

  TEST_CASE("a part that is not known leaves open what the other does not decide") {
    constexpr std::optional<bool> unknown;
    const std::optional<bool> all[] = {true, false, unknown};
    for (const auto first : all)
      for (const auto second : all) {
        alert_machine both{a && b};
        alert_machine either{a || b};
        (void)both.feed(t0, both_of(first, second));
        (void)either.feed(t0, both_of(first, second));
        CHECK((both.current() == state::raised) == (first == true && second == true));
        CHECK((either.current() == state::raised) == (first == true || second == true));

        // From an alert that is open: it is over only where that is known.
        alert_machine open_both{a && b};
        alert_machine open_either{a || b};
        (void)open_both.feed(t0, both_of(true, true));
        (void)open_either.feed(t0, both_of(true, true));
        (void)open_both.feed(t0 + 1s, both_of(first, second));
        (void)open_either.feed(t0 + 1s, both_of(first, second));
        CHECK((open_both.current() == state::quiet) == (first == false || second == false));
        CHECK((open_either.current() == state::quiet) == (first == false && second == false));
      }
  }

  TEST_CASE("a joined rule of any depth gives one alert for the whole") {
    auto rule = a;
    for (int i = 0; i < 100; ++i)
      rule = (rule || b) && c;
    alert_machine machine{rule};

    CHECK_FALSE(machine.feed(t0, depths{{{"a", 11}, {"b", 0}, {"c", 0}}}).has_value());
    CHECK(machine.feed(t0 + 1s, depths{{{"a", 0}, {"b", 11}, {"c", 11}}}).has_value());
    CHECK_FALSE(machine.feed(t0 + 2s, depths{{{"a", 11}, {"b", 0}, {"c", 11}}}).has_value());
    CHECK(machine.feed(t0 + 3s, depths{{{"a", 11}, {"b", 11}, {"c", 10}}}).has_value());
  }

  TEST_CASE("the whole must hold for its time, and a part for its own") {
    SUBCASE("the whole: which part it is may change") {
      alert_machine machine{(a || b).for_at_least(2s)};
      CHECK_FALSE(machine.feed(t0, both_of(true, false)).has_value());
      CHECK_FALSE(machine.feed(t0 + 1s, both_of(false, true)).has_value());
      CHECK(machine.feed(t0 + 2s, both_of(true, false)).has_value());
    }
    SUBCASE("a part") {
      alert_machine machine{a.for_at_least(2s) && b};
      CHECK_FALSE(machine.feed(t0, both_of(true, true)).has_value());
      CHECK_FALSE(machine.feed(t0 + 2s - 1ns, both_of(true, true)).has_value());
      CHECK_FALSE(machine.feed(t0 + 2s, both_of(true, false)).has_value());
      CHECK(machine.feed(t0 + 3s, both_of(true, true)).has_value());
    }
    SUBCASE("a part that was let go begins anew") {
      alert_machine machine{a.for_at_least(2s) && b};
      (void)machine.feed(t0, both_of(true, true));
      (void)machine.feed(t0 + 1s, both_of(false, true));
      CHECK_FALSE(machine.feed(t0 + 2s, both_of(true, true)).has_value());
      CHECK(machine.feed(t0 + 4s, both_of(true, true)).has_value());
    }
  }

  TEST_CASE("the hysteresis of a part keeps an alert open, and begins none") {
    alert_machine machine{a.hysteresis(0.5) && b};
    (void)machine.feed(t0, depths{{{"a", 11}, {"b", 0}}});
    CHECK_FALSE(machine.feed(t0 + 1s, depths{{{"a", 6}, {"b", 11}}}).has_value());
    CHECK(machine.feed(t0 + 2s, depths{{{"a", 11}, {"b", 11}}}).has_value());
    CHECK_FALSE(machine.feed(t0 + 3s, depths{{{"a", 6}, {"b", 11}}}).has_value());
    CHECK(machine.feed(t0 + 4s, depths{{{"a", 5}, {"b", 11}}}).has_value());
  }

  TEST_CASE("an alert of a joined rule tells all values, and whose stage decided") {
    alert_machine machine{((p99_latency("a") > 250ms || memory() > 1024) && b)
                              .critical()
                              .summary("slow")
                              .runbook("https://wiki/slow"),
                          "orders"};
    const auto raised = machine.feed(t0, depths{{{"a", 0.1}, {"", 2048}, {"b", 12}}});
    const auto over = machine.feed(t0 + 2s, depths{{{"a", 0.1}, {"", 2048}, {"b", 3}}});

    REQUIRE(raised.has_value());
    CHECK(raised->level == severity::critical);
    CHECK(raised->metric == metric_kind::memory); // the first that is passed
    CHECK(raised->value == 2048);
    CHECK(raised->summary == "slow");
    CHECK(raised->runbook == "https://wiki/slow");
    CHECK(to_string(*raised)
          == R"(critical: orders: (p99_latency("a") = 100ms > 250ms || memory() = 2KiB > 1KiB) )"
             R"(&& mailbox_depth("b") = 12 > 10)");
    REQUIRE(over.has_value());
    CHECK(to_string(*over)
          == R"(resolved: orders: (p99_latency("a") = 100ms || memory() = 2KiB) && )"
             R"(mailbox_depth("b") = 3, was (p99_latency("a") > 250ms || memory() > 1KiB) && )"
             R"(mailbox_depth("b") > 10 for 2s)");
  }

  TEST_CASE("a joined rule has the severity, cooldown and texts that its parts had") {
    const auto rule = a.critical().cooldown(1s).runbook("x")
                      && b.cooldown(1min).summary("first").run("orders*") && c.summary("second");
    CHECK(rule.options().level == severity::critical);
    CHECK(rule.options().cooldown == 1min);
    CHECK(rule.summary() == "first");
    CHECK(rule.runbook() == "x");
    CHECK(rule.run() == "orders*");
  }

  TEST_CASE("what cannot be joined or compared is refused by name") {
    const std::pair<std::function<void()>, const char*> rows[] = {
        {[] { (void)(a && b).hysteresis(0.1); },
         R"(rule mailbox_depth("a") > 10 && mailbox_depth("b") > 10: hysteresis = 0.1, needs to be that of a part)"},
        {[] { (void)(a.run("x*") && b.run("y*")); },
         R"(rule mailbox_depth("a") > 10 && mailbox_depth("b") > 10: run = "x*" and "y*", needs one pattern for all of it)"},
        {[] { (void)a.run(""); },
         R"(rule mailbox_depth("a") > 10: run = "", needs a name, in which * and ? stand for others)"},
        {[] { (void)stalled("a").for_at_least(0s); },
         R"(rule stalled("a") for 0s: for_at_least = 0s, needs more than 0s)"},
        {[] { (void)stalled(""); }, R"(rule stalled(""): stage = "", needs the name of a stage)"},
        {[] { (void)(stalled("a").for_at_least(1s).hysteresis(0.1)); },
         R"(rule stalled("a") for 1s: hysteresis = 0.1, needs none: states are apart)"},
        {[] { (void)growth(memory()).per(0s); },
         "rule growth(memory()): per = 0s, needs more than 0s"},
        {[] { (void)growth(growth(memory()).per(1s)).per(1s); },
         "rule growth(growth(memory()).per(1s)): per = 1s, needs a metric, not a growth"},
        {[] { (void)(growth(cpu()).per(1s) > nan_value); },
         "rule growth(cpu()).per(1s) > nan: threshold = nan, needs a finite value"},
        {[] { (void)(growth(error_rate("a")).per(1s) > 1.5); },
         R"(rule growth(error_rate("a")).per(1s) > 1.5: threshold = 1.5, needs -1..1)"},
        {[] { (void)threshold(metric_kind::memory, "a", comparison::above, 1); },
         R"(rule memory(): stage = "a", needs none: it is about the process)"},
    };
    for (const auto& [wrong, text] : rows)
      CHECK(refusal(wrong) == text);
  }
}

TEST_SUITE("run patterns") {
  TEST_CASE("a star is any text and a question mark one character") {
    using detail::matches;
    const char* const yes[][2] = {{"*", ""},
                                  {"*", "orders"},
                                  {"orders", "orders"},
                                  {"orders*", "orders"},
                                  {"orders*", "orders-7"},
                                  {"*-7", "orders-7"},
                                  {"o*s-?", "orders-7"},
                                  {"?", "x"},
                                  {"*a*b*c", "xxabxbc"},
                                  {"**", "x"}};
    const char* const no[][2]
        = {{"orders", "orders-7"}, {"orders*", "order"}, {"?", ""}, {"?", "xy"}, {"", "x"},
           {"*a*b", "ba"}};
    for (const auto& [pattern, name] : yes)
      CHECK(matches(pattern, name));
    for (const auto& [pattern, name] : no)
      CHECK_FALSE(matches(pattern, name));
    // What takes others for ever.
    CHECK_FALSE(matches("*a*a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
  }
}
