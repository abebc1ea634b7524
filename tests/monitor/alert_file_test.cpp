#include <troupe/alert_file.hpp>

#include <chrono>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "../alert_fixture.hpp"
#include "../temporary.hpp"
#include <troupe/detail/alert_line.hpp>
#include <troupe/text/utc_time.hpp>

using namespace std::chrono_literals;
using nlohmann::json;
using support::temporary;
using troupe::alert;
using troupe::alert_state;
using troupe::detail::alert_line;
using wall = std::chrono::system_clock::time_point;

namespace {

/// Without what need not be there.
alert slow_pricing() {
  auto a = support::slow_pricing();
  a.root = a.summary = a.runbook = {};
  return a;
}

/// 1,000,000,000 seconds after 1970, a date that is well known, and 250 ms.
const wall at{1'000'000'000s + 250ms};

/// What it threw.
std::string failure(troupe::alert_listener& listener, const alert& a) {
  try {
    listener.on_alert(a);
    return "none";
  } catch (const std::exception& e) {
    return e.what();
  }
}

} // namespace

TEST_SUITE("alert_file") {

  TEST_CASE("times are written in UTC, downwards to the microsecond") {
    using troupe::detail::utc_text;
    CHECK(utc_text(at) == "2001-09-09T01:46:40.250000Z");
    CHECK(utc_text(wall{0s}) == "1970-01-01T00:00:00.000000Z");
    CHECK(utc_text(wall{1999ns}) == "1970-01-01T00:00:00.000001Z");
    CHECK(utc_text(wall{-1ns}) == "1969-12-31T23:59:59.999999Z");
  }

  TEST_CASE("the clock on the wall is taken back to when the alert was") {
    using troupe::detail::wall_time;
    const troupe::time_point now{100s};
    CHECK(wall_time(now, now, at) == at);
    CHECK(wall_time(now - 3s, now, at) == at - 3s);
    CHECK(wall_time(now + 3s, now, at) == at + 3s);
  }

  TEST_CASE("a line says all of the alert, with times of both clocks") {
    const auto line = alert_line(slow_pricing(), at);
    CHECK(line.back() == '\n');
    CHECK(
        json::parse(line)
        == json{{"time", "2001-09-09T01:46:40.250000Z"},
                {"state", "raised"},
                {"severity", "critical"},
                {"run", "orders"},
                {"stage", "pricing"},
                {"rule", R"(p99_latency("pricing") > 250ms for 2s)"},
                {"metric", "p99_latency"},
                {"comparison", ">"},
                {"value", 0.312},
                {"limit", 0.25},
                {"since", "2001-09-09T01:46:38.150000Z"},
                {"lasted_s", 2.1},
                {"monotonic_ns", 102'100'000'000},
                {"text", R"(critical: orders: p99_latency("pricing") = 312ms > 250ms for 2.1s)"}});
  }

  TEST_CASE("what is empty has no key, and what the rule says has one each") {
    auto a = slow_pricing();
    a.run.clear();
    a.stage.clear();
    CHECK_FALSE(json::parse(alert_line(a, at)).contains("run"));
    CHECK_FALSE(json::parse(alert_line(a, at)).contains("stage"));
    a.reason = "the run ended";
    a.root = "ledger";
    a.summary = "orders wait for prices";
    a.runbook = "https://wiki/prices";
    const auto full = json::parse(alert_line(a, at));
    CHECK(full["reason"] == "the run ended");
    CHECK(full["root"] == "ledger");
    CHECK(full["summary"] == "orders wait for prices");
    CHECK(full["runbook"] == "https://wiki/prices");
  }

  TEST_CASE("what is no number is null, and what is no text does not break the line") {
    auto a = slow_pricing();
    a.value = std::numeric_limits<double>::quiet_NaN();
    a.stage = "a\xff\"\nb";
    const auto line = alert_line(a, at);
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(json::parse(line)["value"].is_null());
    CHECK(json::parse(line)["stage"] == "a\xef\xbf\xbd\"\nb");
  }

  TEST_CASE("each alert is in the file at once, behind what was there") {
    const temporary file;
    file.write("{}\n");
    const auto listener = troupe::alert_file(file.path());
    CHECK(listener->name() == "file " + file.path().string());
    listener->on_alert(slow_pricing());
    CHECK(file.lines().size() == 2);
    listener->on_alert(slow_pricing());
    REQUIRE(file.lines().size() == 3);
    CHECK(json::parse(file.lines()[2])["stage"] == "pricing");
  }

  TEST_CASE("the rest of a line that was cut short is not continued") {
    const temporary file;
    file.write(R"({"time":"20)");
    troupe::alert_file(file.path())->on_alert(slow_pricing());
    REQUIRE(file.lines().size() == 2);
    CHECK(json::parse(file.lines()[1])["state"] == "raised");
  }

  TEST_CASE("a file that was moved away is begun anew") {
    const temporary file;
    const temporary old;
    const auto listener = troupe::alert_file(file.path());
    listener->on_alert(slow_pricing());
    std::filesystem::rename(file.path(), old.path());
    listener->on_alert(slow_pricing());
    CHECK(old.lines().size() == 1);
    CHECK(file.lines().size() == 1);
  }

  TEST_CASE("what cannot be written is an error each time, and the next is tried again") {
    const auto full = troupe::alert_file("/dev/full");
    for (int i = 0; i < 2; ++i)
      CHECK(failure(*full, slow_pricing())
            == "cannot write \"/dev/full\": No space left on device");

    const temporary file;
    const auto listener = troupe::alert_file(file.path());
    std::filesystem::remove(file.path());
    std::filesystem::create_directory(file.path());
    CHECK(failure(*listener, slow_pricing()).starts_with("cannot open"));
    std::filesystem::remove(file.path());
    CHECK(failure(*listener, slow_pricing()) == "none");
    CHECK(file.lines().size() == 1);
  }

  TEST_CASE("a file holds max_bytes, and no more than whole lines") {
    const temporary file;
    const auto size = alert_line(slow_pricing(), at).size();
    const auto listener = troupe::alert_file(file.path(), {.max_bytes = 2 * size + 1});
    CHECK(failure(*listener, slow_pricing()) == "none");
    CHECK(failure(*listener, slow_pricing()) == "none");
    CHECK(failure(*listener, slow_pricing())
              .ends_with("is full: max_bytes = " + std::to_string(2 * size + 1)));
    CHECK(file.lines().size() == 2);
  }

  TEST_CASE("a file that cannot be opened is refused when it is named") {
    CHECK_THROWS_AS(troupe::alert_file("/no/such/folder/alerts.jsonl"), std::system_error);
    CHECK_THROWS_WITH_AS(troupe::alert_file("x", {.max_bytes = 0}),
                         "alert_file: max_bytes = 0, needs 1 to 9223372036854775807",
                         std::invalid_argument);
  }

} // TEST_SUITE
