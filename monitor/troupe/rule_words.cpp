// What rules are made of: the metrics by their names.
#include <troupe/threshold.hpp>

#include <utility>

namespace troupe {

namespace {

double to_seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

condition about(metric_kind metric, rule_stage stage) {
  return {.metric = metric, .stage = std::move(stage)};
}

threshold compared(condition c, comparison side, double limit) {
  c.side = side;
  c.limit = limit;
  return threshold{std::move(c)};
}

} // namespace

// -- comparing ---------------------------------------------------------------------------------

number_metric::number_metric(condition subject) : subject_{std::move(subject)} {
  detail::check_subject(subject_);
}

threshold number_metric::rule(comparison side, double limit) const {
  return compared(subject_, side, limit);
}

duration_metric::duration_metric(condition subject) : subject_{std::move(subject)} {
  detail::check_subject(subject_);
}

threshold duration_metric::operator>(time_span limit) const {
  return compared(subject_, comparison::above, to_seconds(limit));
}

threshold duration_metric::operator<(time_span limit) const {
  return compared(subject_, comparison::below, to_seconds(limit));
}

breaker_metric::breaker_metric(rule_stage stage) : stage_{std::move(stage)} {
  detail::check_subject(about(metric_kind::breaker, stage_));
}

threshold breaker_metric::operator==(breaker_state state) const {
  return compared(about(metric_kind::breaker, stage_), comparison::equal,
                  static_cast<double>(state));
}

threshold breaker_metric::operator!=(breaker_state state) const {
  return compared(about(metric_kind::breaker, stage_), comparison::not_equal,
                  static_cast<double>(state));
}

stall_metric::stall_metric(rule_stage stage) : stage_{std::move(stage)} {
  detail::check_subject(about(metric_kind::stalled, stage_));
}

threshold stall_metric::for_at_least(time_span d) const {
  return threshold{about(metric_kind::stalled, stage_)}.for_at_least(d);
}

growth_of<number_metric> growth(const number_metric& metric) {
  return growth_of<number_metric>{metric.subject()};
}
growth_of<duration_metric> growth(const duration_metric& metric) {
  return growth_of<duration_metric>{metric.subject()};
}

// -- names -------------------------------------------------------------------------------------

namespace {

number_metric number_of(metric_kind metric, rule_stage stage) {
  return number_metric{about(metric, std::move(stage))};
}
duration_metric duration_of(metric_kind metric, rule_stage stage) {
  return duration_metric{about(metric, std::move(stage))};
}
number_metric of_process(metric_kind metric) { return number_metric{about(metric, "")}; }

} // namespace

number_metric mailbox_depth(rule_stage s) { return number_of(metric_kind::mailbox_depth, s); }
number_metric throughput(rule_stage s) { return number_of(metric_kind::throughput, s); }
number_metric error_rate(rule_stage s) { return number_of(metric_kind::error_rate, s); }
number_metric utilization(rule_stage s) { return number_of(metric_kind::utilization, s); }
number_metric buffer_fill(rule_stage s) { return number_of(metric_kind::buffer_fill, s); }

duration_metric mean_latency(rule_stage s) { return duration_of(metric_kind::mean_latency, s); }
duration_metric p50_latency(rule_stage s) { return duration_of(metric_kind::p50_latency, s); }
duration_metric p90_latency(rule_stage s) { return duration_of(metric_kind::p90_latency, s); }
duration_metric p99_latency(rule_stage s) { return duration_of(metric_kind::p99_latency, s); }
duration_metric max_latency(rule_stage s) { return duration_of(metric_kind::max_latency, s); }

duration_metric mean_wait(rule_stage s) { return duration_of(metric_kind::mean_wait, s); }
duration_metric p50_wait(rule_stage s) { return duration_of(metric_kind::p50_wait, s); }
duration_metric p90_wait(rule_stage s) { return duration_of(metric_kind::p90_wait, s); }
duration_metric p99_wait(rule_stage s) { return duration_of(metric_kind::p99_wait, s); }
duration_metric max_wait(rule_stage s) { return duration_of(metric_kind::max_wait, s); }

breaker_metric breaker(rule_stage s) { return breaker_metric{std::move(s)}; }
stall_metric stalled(rule_stage s) { return stall_metric{std::move(s)}; }

number_metric memory() { return of_process(metric_kind::memory); }
number_metric active_actors() { return of_process(metric_kind::active_actors); }
number_metric cpu() { return of_process(metric_kind::cpu); }
number_metric memory_share() { return of_process(metric_kind::memory_share); }
number_metric cpu_share() { return of_process(metric_kind::cpu_share); }

} // namespace troupe
