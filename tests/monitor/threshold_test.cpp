#include <troupe/threshold.hpp>

#include <chrono>
#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

#include <troupe/alert.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::threshold;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string refusal(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

// One stage "a" whose every metric has another value.
troupe::graph_metrics all_different() {
  troupe::stage_metrics stage;
  stage.name = "a";
  stage.mailbox_depth = 1;
  stage.throughput = 2;
  stage.error_rate = 0.3;
  stage.utilization = 0.4;
  stage.buffer_fill = 0.5;
  stage.latency = {.mean = 6s, .p50 = 7s, .p90 = 8s, .p99 = 9s, .max = 10s};
  stage.wait = {.mean = 11s, .p50 = 12s, .p90 = 13s, .p99 = 14s, .max = 15s};
  return {.stages = {{.name = "other"}, stage},
          .actors = 17,
          .memory = 16,
          .cpu = 18,
          .memory_share = 0.19,
          .cpu_share = 0.2};
}

} // namespace

TEST_SUITE("threshold") {

  TEST_CASE("a rule prints itself as it was written") {
    using namespace troupe;
    const std::pair<threshold, const char*> rows[] = {
        {mailbox_depth("book") > 10'000, R"(mailbox_depth("book") > 10000)"},
        {(p99_latency("pricing") > 250ms).for_at_least(2s).critical(),
         R"(p99_latency("pricing") > 250ms for 2s)"},
        {error_rate("parse") > 0.01, R"(error_rate("parse") > 0.01)"},
        {throughput("parse") < 1000.0, R"(throughput("parse") < 1000)"},
        {throughput("parse") < 1234.5, R"(throughput("parse") < 1234.5)"},
        {(utilization("x") > 0.95).for_at_least(1500ms), R"(utilization("x") > 0.95 for 1.5s)"},
        {max_wait("x") > 1234us, R"(max_wait("x") > 1.234ms)"},
        {p50_latency("x") < 7ns, R"(p50_latency("x") < 7ns)"},
        {mean_wait("x") > 0s, R"(mean_wait("x") > 0s)"},
        {memory() > (std::size_t{3} << 29), "memory() > 1.5GiB"},
        {active_actors() > 500u, "active_actors() > 500"},
        {cpu() > 1.9, "cpu() > 1.9"},
        {buffer_fill("x") > 1, R"(buffer_fill("x") > 1)"},
    };
    for (const auto& [rule, text] : rows) {
      CHECK(printed(rule) == text);
      CHECK(to_string(rule) == text);
    }
  }

  TEST_CASE("each metric reads its own number") {
    using namespace troupe;
    const std::pair<threshold, double> rows[] = {
        {mailbox_depth("a") > 0, 1}, {throughput("a") > 0, 2},    {error_rate("a") > 0, 0.3},
        {utilization("a") > 0, 0.4}, {buffer_fill("a") > 0, 0.5}, {mean_latency("a") > 0s, 6},
        {p50_latency("a") > 0s, 7},  {p90_latency("a") > 0s, 8},  {p99_latency("a") > 0s, 9},
        {max_latency("a") > 0s, 10}, {mean_wait("a") > 0s, 11},   {p50_wait("a") > 0s, 12},
        {p90_wait("a") > 0s, 13},    {p99_wait("a") > 0s, 14},    {max_wait("a") > 0s, 15},
        {memory() > 0, 16},          {active_actors() > 0, 17},   {cpu() > 0, 18},
        {memory_share() > 0, 0.19},  {cpu_share() > 0, 0.2},
    };
    for (const auto& row : rows) {
      const auto& [rule, value] = row;
      CAPTURE(to_string(row.first));
      REQUIRE(rule.value_in(all_different()).has_value());
      CHECK(*rule.value_in(all_different()) == doctest::Approx(value));
    }
  }

  TEST_CASE("a stage that is not there has no value") {
    CHECK_FALSE((troupe::mailbox_depth("missing") > 0).value_in(all_different()).has_value());
  }

  TEST_CASE("a stage that did nothing has no latency and no error rate, but a throughput of zero") {
    using namespace troupe;
    const graph_metrics idle{.stages = {{.name = "a"}}};

    CHECK_FALSE((p99_latency("a") > 1s).value_in(idle).has_value());
    CHECK_FALSE((max_wait("a") > 1s).value_in(idle).has_value());
    CHECK_FALSE((error_rate("a") > 0.1).value_in(idle).has_value());
    CHECK((throughput("a") < 1).value_in(idle) == 0.0);
    CHECK((mailbox_depth("a") > 1).value_in(idle) == 0.0);
  }

  TEST_CASE("exactly at the limit is beyond it on neither side") {
    using namespace troupe;
    CHECK_FALSE((mailbox_depth("a") > 100).breached_by(100));
    CHECK((mailbox_depth("a") > 100).breached_by(101));
    CHECK_FALSE((throughput("a") < 100).breached_by(100));
    CHECK((throughput("a") < 100).breached_by(99));
  }

  TEST_CASE("hysteresis moves the point of recovery by its share of the limit") {
    using namespace troupe;
    struct row {
      threshold rule;
      double recovered;
      double not_yet;
    };
    const row rows[] = {
        {mailbox_depth("a") > 100, 100, 100.5},
        {(mailbox_depth("a") > 100).hysteresis(0.1), 90, 90.5},
        {(mailbox_depth("a") > 100).hysteresis(1), 0, 0.5},
        {throughput("a") < 100, 100, 99.5},
        {(throughput("a") < 100).hysteresis(0.1), 110, 109.5},
        {(p99_latency("a") > 250ms).hysteresis(0.2), 0.2, 0.2001},
    };
    for (const auto& row : rows) {
      CAPTURE(to_string(row.rule));
      CHECK(row.rule.recovered_by(row.recovered));
      CHECK_FALSE(row.rule.recovered_by(row.not_yet));
    }
  }

  TEST_CASE("modifiers keep what others set, and leave the rule they came from alone") {
    const auto plain = troupe::mailbox_depth("a") > 1;
    const auto full = plain.for_at_least(2s).cooldown(3s).hysteresis(0.5).critical();

    CHECK(full.options().hold == 2s);
    CHECK(full.options().cooldown == 3s);
    CHECK(full.options().hysteresis == 0.5);
    CHECK(full.options().level == troupe::severity::critical);
    CHECK(full.warning().options().level == troupe::severity::warning);
    CHECK(full.warning().options().hold == 2s);
    CHECK(plain.options().level == troupe::severity::warning);
    CHECK(plain.options().hold == 0s);
  }

  TEST_CASE("a wrong configuration is refused with rule, option, value and valid range") {
    using namespace troupe;
    const std::pair<std::function<void()>, const char*> rows[] = {
        {[] { (void)((mailbox_depth("a") > 5).for_at_least(-2s)); },
         R"(rule mailbox_depth("a") > 5: for_at_least = -2s, needs 0s or more)"},
        {[] { (void)((mailbox_depth("a") > 5).cooldown(-250ms)); },
         R"(rule mailbox_depth("a") > 5: cooldown = -250ms, needs 0s or more)"},
        {[] { (void)((mailbox_depth("a") > 5).hysteresis(1.5)); },
         R"(rule mailbox_depth("a") > 5: hysteresis = 1.5, needs 0..1)"},
        {[] { (void)((mailbox_depth("a") > 5).hysteresis(-0.1)); },
         R"(rule mailbox_depth("a") > 5: hysteresis = -0.1, needs 0..1)"},
        {[] { (void)((mailbox_depth("a") > 5).hysteresis(nan_value)); },
         R"(rule mailbox_depth("a") > 5: hysteresis = nan, needs 0..1)"},
        {[] { (void)((utilization("a") < 0.8).hysteresis(0.3)); },
         R"(rule utilization("a") < 0.8: hysteresis = 0.3, needs 0..0.25)"},
        {[] { (void)(throughput("a") < nan_value); },
         R"(rule throughput("a") < nan: threshold = nan, needs a finite value >= 0)"},
        {[] { (void)(throughput("a") < infinite); },
         R"(rule throughput("a") < inf: threshold = inf, needs a finite value >= 0)"},
        {[] { (void)(mailbox_depth("a") > -1); },
         R"(rule mailbox_depth("a") > -1: threshold = -1, needs a finite value >= 0)"},
        {[] { (void)(error_rate("a") > 5); },
         R"(rule error_rate("a") > 5: threshold = 5, needs 0..1)"},
        {[] { (void)(p99_latency("a") > -1ms); },
         R"(rule p99_latency("a") > -1ms: threshold = -1ms, needs a finite value >= 0)"},
        {[] { (void)mailbox_depth(""); },
         R"(rule mailbox_depth(""): stage = "", needs the name of a stage)"},
        {[] { (void)p99_wait(""); }, R"(rule p99_wait(""): stage = "", needs the name of a stage)"},
    };
    for (const auto& [wrong, text] : rows)
      CHECK(refusal(wrong) == text);
  }

  TEST_CASE("the ends of the valid ranges are accepted") {
    using namespace troupe;
    CHECK_NOTHROW((void)((mailbox_depth("a") > 0).hysteresis(0).for_at_least(0s).cooldown(0s)));
    CHECK_NOTHROW((void)((error_rate("a") > 1.0).hysteresis(1.0)));
    CHECK_NOTHROW((void)((utilization("a") < 0.8).hysteresis(0.25)));
  }

} // TEST_SUITE

TEST_SUITE("alert") {

  TEST_CASE("an alert prints as one readable line") {
    using namespace troupe;
    const time_point t0{100s};
    const alert latency{.level = severity::critical,
                        .stage = "pricing",
                        .metric = metric_kind::p99_latency,
                        .value = 0.312,
                        .limit = 0.25,
                        .since = t0,
                        .at = t0 + 2100ms};
    const alert instant{.stage = "book",
                        .metric = metric_kind::mailbox_depth,
                        .value = 12'345,
                        .limit = 10'000,
                        .since = t0,
                        .at = t0};
    const alert slow{.stage = "parse",
                     .metric = metric_kind::throughput,
                     .side = comparison::below,
                     .value = 512.345,
                     .limit = 1000,
                     .since = t0,
                     .at = t0};
    auto resolved = latency;
    resolved.state = alert_state::resolved;
    resolved.value = 0.12;
    resolved.at = t0 + 12s;
    auto ended = resolved;
    ended.reason = "the run ended";
    auto named = latency;
    named.run = "orders";
    auto service = latency;
    service.run = service.stage;
    const alert process{
        .metric = metric_kind::memory, .value = 2.5 * (1 << 30), .limit = 2.0 * (1 << 30)};

    CHECK(printed(latency) == R"(critical: p99_latency("pricing") = 312ms > 250ms for 2.1s)");
    CHECK(printed(instant) == R"(warning: mailbox_depth("book") = 12345 > 10000)");
    CHECK(printed(slow) == R"(warning: throughput("parse") = 512 < 1000)");
    CHECK(printed(resolved) == R"(resolved: p99_latency("pricing") = 120ms, was > 250ms for 12s)");
    CHECK(printed(ended)
          == R"(resolved: p99_latency("pricing") = 120ms, was > 250ms for 12s, the run ended)");
    CHECK(printed(named) == R"(critical: orders: p99_latency("pricing") = 312ms > 250ms for 2.1s)");
    CHECK(printed(service) == printed(latency));
    CHECK(printed(process) == "warning: memory() = 2.5GiB > 2GiB");
  }

  TEST_CASE("an alert has never lasted a negative time") {
    const troupe::alert a{.since = troupe::time_point{5s}, .at = troupe::time_point{3s}};
    CHECK(a.lasted() == 0s);
  }

} // TEST_SUITE
