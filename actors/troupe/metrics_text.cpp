#include <troupe/metrics.hpp>

#include <array>
#include <cstdio>
#include <ostream>
#include <string>

namespace troupe {

namespace {

// Three digits: these are measurements.
std::string digits(double x) {
  std::array<char, 32> text{};
  const bool large = x >= 1000 || x <= -1000; // %g would write 1e+03
  std::snprintf(text.data(), text.size(), large ? "%.0f" : "%.3g", x);
  return text.data();
}

std::string percent(double share) { return digits(share * 100) + " %"; }

std::string text_of(duration d) {
  const auto ns = static_cast<double>(d.count());
  if (ns < 1e3)
    return digits(ns) + " ns";
  if (ns < 1e6)
    return digits(ns / 1e3) + " us";
  return ns < 1e9 ? digits(ns / 1e6) + " ms" : digits(ns / 1e9) + " s";
}

std::string mebibytes(std::uint64_t bytes) {
  return digits(static_cast<double>(bytes) / (1024.0 * 1024.0)) + " MiB";
}

void write(std::ostream& out, const char* what, const latency_stats& stats) {
  if (stats.max > duration::zero())
    out << ", " << what << " p50 " << text_of(stats.p50) << " p99 " << text_of(stats.p99) << " max "
        << text_of(stats.max);
}

void write_count(std::ostream& out, const char* what, std::uint64_t n) {
  if (n > 0)
    out << ", " << n << ' ' << what;
}

} // namespace

std::ostream& operator<<(std::ostream& out, const stage_metrics& m) {
  const auto& c = m.counters;
  out << m.name << ": " << digits(m.throughput) << " items/s, " << c.received << " received";
  write_count(out, "filtered", c.filtered);
  write_count(out, "dropped", c.dropped);
  write_count(out, "shed", c.shed);
  write_count(out, "failed", c.failed);
  write_count(out, "abandoned", c.abandoned);
  write_count(out, "in flight", c.in_flight);
  if (m.error_rate > 0)
    out << ", " << percent(m.error_rate) << " errors";
  out << ", " << m.workers << (m.workers == 1 ? " worker " : " workers ") << percent(m.utilization)
      << " busy, buffer " << percent(m.buffer_fill) << " full (" << m.mailbox_depth << " items)";
  write(out, "latency", m.latency);
  write(out, "wait", m.wait);
  if (m.breaker)
    out << ", breaker " << to_string(*m.breaker);
  return out;
}

std::ostream& operator<<(std::ostream& out, const graph_metrics& m) {
  if (!m.name.empty())
    out << m.name << '\n';
  for (const auto& stage : m.stages)
    out << stage << '\n';
  return out << m.actors << " actors, " << mebibytes(m.memory) << ", " << digits(m.cpu)
             << (m.cpu == 1 ? " core\n" : " cores\n");
}

} // namespace troupe
