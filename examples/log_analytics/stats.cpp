#include "stats.hpp"

#include "text.hpp"

#include <cmath>
#include <iomanip>
#include <ostream>
#include <string>

namespace log_analytics {

void write_stats(std::ostream& out, const troupe::graph_metrics& metrics) {
  constexpr int name = 12;
  constexpr int column = 13;
  out << '\n' << std::left << std::setw(name) << "Stage" << std::right;
  for (const char* title :
       {"received", "delivered", "failed", "items/s", "busy", "p50", "p99", "waiting"})
    out << std::setw(column) << title;
  out << '\n';
  for (const auto& s : metrics.stages) {
    out << std::left << std::setw(name) << s.name << std::right;
    for (const auto& cell :
         {with_separators(s.counters.received), with_separators(s.counters.delivered),
          with_separators(s.counters.failed),
          with_separators(static_cast<std::uint64_t>(s.throughput)),
          std::to_string(std::lround(s.utilization * 100)) + "%", duration_text(s.latency.p50),
          duration_text(s.latency.p99), with_separators(s.mailbox_depth)})
      out << std::setw(column) << cell;
    out << '\n';
  }
  out << "Actors alive " << metrics.actors << ", memory " << human_bytes(metrics.memory) << '\n';
}

} // namespace log_analytics
