#pragma once

#include <chrono>

#include <troupe/alert.hpp>

namespace support {

/// An alert with all that there can be to say.
inline troupe::alert slow_pricing(troupe::alert_state state = troupe::alert_state::raised) {
  using namespace std::chrono_literals;
  return {.state = state,
          .level = troupe::severity::critical,
          .rule = R"(p99_latency("pricing") > 250ms for 2s)",
          .run = "orders",
          .stage = "pricing",
          .metric = troupe::metric_kind::p99_latency,
          .side = troupe::comparison::above,
          .value = 0.312,
          .limit = 0.25,
          .since = troupe::time_point{100s},
          .at = troupe::time_point{102s + 100ms},
          .root = "ledger",
          .summary = "orders wait for prices",
          .runbook = "https://wiki/prices"};
}

} // namespace support
