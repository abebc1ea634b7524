#include <troupe/spdlog_listener.hpp>

#include <memory>
#include <sstream>
#include <stdexcept>

#include <doctest/doctest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include "../alert_fixture.hpp"

using support::slow_pricing;
using troupe::alert_state;

TEST_SUITE("spdlog_listener") {

  TEST_CASE("an alert is a line of the level that it has, as it is and not as a format") {
    std::ostringstream out;
    const auto logger = std::make_shared<spdlog::logger>(
        "alerts", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
    logger->set_pattern("%l|%v");
    const auto listener = troupe::spdlog_listener(logger);
    CHECK(listener->name() == "spdlog alerts");

    auto a = slow_pricing();
    a.run = "{}";
    listener->on_alert(a);
    a.level = troupe::severity::warning;
    listener->on_alert(a);
    a.state = alert_state::resolved;
    listener->on_alert(a);
    CHECK(out.str()
          == "critical|critical: {}: p99_latency(\"pricing\") = 312ms > 250ms for 2.1s, held up by "
             "\"ledger\"\n"
             "warning|warning: {}: p99_latency(\"pricing\") = 312ms > 250ms for 2.1s, held up by "
             "\"ledger\"\n"
             "info|resolved: {}: p99_latency(\"pricing\") = 312ms, was > 250ms for 2.1s, held up "
             "by \"ledger\"\n");
  }

  TEST_CASE("no logger is refused") {
    CHECK_THROWS_WITH_AS(troupe::spdlog_listener(nullptr),
                         "spdlog_listener: logger = null, needs a logger", std::invalid_argument);
  }

} // TEST_SUITE
