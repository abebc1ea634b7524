#include <troupe/metrics.hpp>

#include <algorithm>
#include <fstream>

#include <time.h>
#include <unistd.h>

#include <troupe/detail/cgroup.hpp>

namespace troupe {

namespace {

double seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

// Totals of a stage whose block was made anew start again at zero; a difference never goes below.
std::uint64_t grown(std::uint64_t before, std::uint64_t now) noexcept {
  return now > before ? now - before : 0;
}

std::uint64_t finished(const counters& c) noexcept {
  return c.delivered + c.filtered + c.dropped + c.shed + c.failed;
}

double share(double part, double whole) noexcept {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0.0;
}

// Zero is what is not known.
template <class T>
T smaller_known(T limit, T all) noexcept {
  return limit > 0 && all > 0 ? std::min(limit, all) : std::max(limit, all);
}

duration nanoseconds(std::uint64_t ns) noexcept { return duration{static_cast<duration::rep>(ns)}; }

histogram span_between(const histogram& earlier, const histogram& later) noexcept {
  return later.count() < earlier.count() ? later : later.since(earlier);
}

// A call that runs for longer than any that has returned is among the slowest, whenever it will
// return; of a shorter one nothing is known yet.
void add_running(histogram& span, const std::vector<duration>& running) noexcept {
  const auto longest = nanoseconds(span.max());
  for (const auto so_far : running)
    if (so_far > longest)
      span.record(static_cast<std::uint64_t>(so_far.count()));
}

latency_stats stats_of(const histogram& span) noexcept {
  return {.mean = nanoseconds(span.mean()),
          .p50 = nanoseconds(span.quantile(0.5)),
          .p90 = nanoseconds(span.quantile(0.9)),
          .p99 = nanoseconds(span.quantile(0.99)),
          .max = nanoseconds(span.max())};
}

stage_metrics stage_between(const stage_sample& earlier, const stage_sample& later, double span) {
  stage_metrics m;
  m.name = later.name;
  m.counters = later.totals;
  const auto done = static_cast<double>(grown(finished(earlier.totals), finished(later.totals)));
  const auto failed = static_cast<double>(grown(earlier.totals.failed, later.totals.failed));
  m.throughput = span > 0 ? done / span : 0.0;
  m.error_rate = share(failed, done);
  m.utilization
      = share(seconds(later.busy - earlier.busy), static_cast<double>(later.workers) * span);
  m.mailbox_depth = later.mailbox_depth;
  m.buffer_fill
      = share(static_cast<double>(later.mailbox_depth), static_cast<double>(later.capacity));
  auto latency = span_between(earlier.latency, later.latency);
  add_running(latency, later.running);
  m.latency = stats_of(latency);
  m.wait = stats_of(span_between(earlier.wait, later.wait));
  m.workers = later.workers;
  m.kind = later.kind;
  m.breaker = later.breaker;
  return m;
}

} // namespace

counters& counters::operator+=(const counters& other) noexcept {
  received += other.received;
  emitted += other.emitted;
  delivered += other.delivered;
  filtered += other.filtered;
  dropped += other.dropped;
  shed += other.shed;
  failed += other.failed;
  in_flight += other.in_flight;
  abandoned += other.abandoned;
  redelivered += other.redelivered;
  restarts += other.restarts;
  return *this;
}

std::string_view to_string(pattern_kind kind) noexcept {
  switch (kind) {
  case pattern_kind::producer_consumer:
    return "producer_consumer";
  case pattern_kind::fan_out:
    return "fan_out";
  case pattern_kind::fan_in:
    return "fan_in";
  case pattern_kind::pipeline:
    return "pipeline";
  case pattern_kind::worker_pool:
    return "worker_pool";
  case pattern_kind::rate_limiter:
    return "rate_limiter";
  case pattern_kind::circuit_breaker:
    return "circuit_breaker";
  case pattern_kind::scatter_gather:
    return "scatter_gather";
  }
  return "unknown";
}

graph_metrics metrics_between(const graph_sample& earlier, const graph_sample& later) {
  static const stage_sample nothing;
  const auto span = seconds(later.at - earlier.at);
  graph_metrics m;
  m.name = later.name;
  m.stages.reserve(later.stages.size());
  for (const auto& stage : later.stages) {
    // Stages may come and go between samples, so the name decides, not the position.
    const auto same = std::find_if(earlier.stages.begin(), earlier.stages.end(),
                                   [&](const auto& other) { return other.name == stage.name; });
    m.stages.push_back(stage_between(same == earlier.stages.end() ? nothing : *same, stage, span));
  }
  m.actors = later.actors;
  m.memory = later.memory;
  // A process that runs has used processor time: zero means that the earlier sample lacks it.
  if (span > 0 && earlier.cpu > duration::zero())
    m.cpu = std::max(0.0, seconds(later.cpu - earlier.cpu) / span);
  m.memory_limit = later.memory_limit;
  m.cpu_limit = later.cpu_limit;
  m.memory_share
      = share(static_cast<double>(m.memory),
              static_cast<double>(smaller_known(later.memory_limit, later.machine_memory)));
  m.cpu_share = share(m.cpu, smaller_known(later.cpu_limit, static_cast<double>(later.cores)));
  return m;
}

process_usage read_process_usage() {
  process_usage usage;
#ifdef __linux__
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (statm >> total_pages >> resident_pages)
    usage.memory = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
#endif
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
    usage.cpu = std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
  const auto machine = detail::this_machine();
  usage.memory_limit = machine.limits.memory;
  usage.machine_memory = machine.memory;
  usage.cpu_limit = machine.limits.cpus;
  usage.cores = machine.cores;
  return usage;
}

void detail::add_usage(graph_sample& sample, const process_usage& usage) noexcept {
  sample.memory = usage.memory;
  sample.cpu = usage.cpu;
  sample.memory_limit = usage.memory_limit;
  sample.machine_memory = usage.machine_memory;
  sample.cpu_limit = usage.cpu_limit;
  sample.cores = usage.cores;
}

} // namespace troupe
