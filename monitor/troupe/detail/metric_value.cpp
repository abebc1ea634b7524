#include <troupe/detail/metric_value.hpp>

#include <algorithm>

#include <troupe/detail/metric_text.hpp>

namespace troupe::detail {

namespace {

double to_seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

double to_seconds(const latency_stats& stats, metric_kind quantile) noexcept {
  switch (quantile) {
  case metric_kind::mean_latency:
    return to_seconds(stats.mean);
  case metric_kind::p50_latency:
    return to_seconds(stats.p50);
  case metric_kind::p90_latency:
    return to_seconds(stats.p90);
  case metric_kind::p99_latency:
    return to_seconds(stats.p99);
  default:
    return to_seconds(stats.max);
  }
}

// A maximum of zero means that nothing was recorded: the clock resolves a nanosecond.
std::optional<double> measured(const latency_stats& stats, metric_kind quantile) noexcept {
  if (stats.max <= duration::zero())
    return std::nullopt;
  return to_seconds(stats, quantile);
}

// The latency metric at the same place in its row of five.
metric_kind as_latency(metric_kind wait) noexcept {
  const auto offset
      = static_cast<int>(metric_kind::mean_wait) - static_cast<int>(metric_kind::mean_latency);
  return static_cast<metric_kind>(static_cast<int>(wait) - offset);
}

std::optional<double> process_value(metric_kind metric, const graph_metrics& graph) noexcept {
  switch (metric) {
  case metric_kind::memory:
    return static_cast<double>(graph.memory);
  case metric_kind::active_actors:
    return static_cast<double>(graph.actors);
  case metric_kind::memory_share:
    return graph.memory_share;
  case metric_kind::cpu_share:
    return graph.cpu_share;
  default:
    return graph.cpu;
  }
}

std::optional<double> stage_value(metric_kind metric, const stage_metrics& stage) noexcept {
  switch (metric) {
  case metric_kind::mailbox_depth:
    return static_cast<double>(stage.mailbox_depth);
  case metric_kind::throughput:
    return stage.throughput;
  case metric_kind::error_rate:
    return stage.throughput > 0 ? std::optional{stage.error_rate} : std::nullopt;
  case metric_kind::utilization:
    return stage.utilization;
  case metric_kind::buffer_fill:
    return stage.buffer_fill;
  case metric_kind::breaker:
    return stage.breaker ? std::optional{static_cast<double>(*stage.breaker)} : std::nullopt;
  case metric_kind::stalled:
    return std::nullopt;
  default:
    return metric < metric_kind::mean_wait ? measured(stage.latency, metric)
                                           : measured(stage.wait, as_latency(metric));
  }
}

} // namespace

std::optional<double> metric_value(const condition& c, const graph_metrics& graph) {
  if (is_process_wide(c.metric))
    return process_value(c.metric, graph);
  const auto found = std::find_if(graph.stages.begin(), graph.stages.end(),
                                  [&](const auto& stage) { return stage.name == c.stage.name(); });
  return found == graph.stages.end() ? std::nullopt : stage_value(c.metric, *found);
}

} // namespace troupe::detail
