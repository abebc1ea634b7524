#include "stats.hpp"

#include "text.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <ostream>

namespace log_analytics {

std::string duration_text(std::chrono::nanoseconds d) {
  constexpr std::array<const char*, 4> units{"ns", "us", "ms", "s"};
  auto value = static_cast<double>(d.count());
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit)
    value /= 1000;
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), value < 100 && unit > 0 ? "%.1f %s" : "%.0f %s",
                value, units[unit]);
  return buffer.data();
}

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
