#pragma once

#include <iosfwd>

#include <troupe/metrics.hpp>

namespace log_analytics {

/// A row for each stage: items, throughput, utilization, latency of an item, mailbox depth.
void write_stats(std::ostream& out, const troupe::graph_metrics& metrics);

} // namespace log_analytics
