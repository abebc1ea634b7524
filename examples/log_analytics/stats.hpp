#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include <troupe/metrics.hpp>

namespace log_analytics {

/// "850 ns", "12.5 us", "3.2 ms", "1.5 s"
std::string duration_text(std::chrono::nanoseconds d);

/// A row for each stage: items, throughput, utilization, latency of an item, mailbox depth.
void write_stats(std::ostream& out, const troupe::graph_metrics& metrics);

} // namespace log_analytics
