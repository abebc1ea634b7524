#include <troupe/threshold.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>
#include <utility>

#include <troupe/detail/metric_text.hpp>

namespace troupe {

namespace {

using detail::is_process_wide;
using detail::unit;
using detail::unit_of;
using detail::written_digits;

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
  default:
    return metric < metric_kind::mean_wait ? measured(stage.latency, metric)
                                           : measured(stage.wait, as_latency(metric));
  }
}

void check_stage(metric_kind metric, const std::string& stage) {
  if (is_process_wide(metric) != stage.empty())
    throw std::invalid_argument("rule " + detail::format_subject(metric, stage) + ": stage = \""
                                + stage
                                + (stage.empty() ? "\", needs the name of a stage"
                                                 : "\", needs none: it is about the process"));
}

} // namespace

std::string_view to_string(severity level) noexcept {
  return level == severity::warning ? "warning" : "critical";
}

// -- threshold ---------------------------------------------------------------------------------

threshold::threshold(metric_kind metric, std::string stage, comparison side, double limit)
    : metric_{metric}, stage_{std::move(stage)}, side_{side}, limit_{limit} {
  check_stage(metric_, stage_);
  const bool share = unit_of(metric_) == unit::share;
  if (!std::isfinite(limit_) || limit_ < 0 || (share && limit_ > 1))
    refuse("threshold", detail::format_value(metric_, limit_, written_digits),
           share ? "0..1" : "a finite value >= 0");
}

threshold threshold::for_at_least(time_span d) const {
  if (d < duration::zero())
    refuse("for_at_least", detail::format_duration(d, written_digits), "0s or more");
  auto copy = *this;
  copy.options_.hold = d;
  return copy;
}

threshold threshold::cooldown(time_span d) const {
  if (d < duration::zero())
    refuse("cooldown", detail::format_duration(d, written_digits), "0s or more");
  auto copy = *this;
  copy.options_.cooldown = d;
  return copy;
}

threshold threshold::hysteresis(double share) const {
  if (unit_of(metric_) == unit::state)
    refuse("hysteresis", detail::format_number(share, written_digits), "none: states are apart");
  // An alert about a share that would have to rise above 1 could never be resolved.
  const bool capped = unit_of(metric_) == unit::share && side_ == comparison::below && limit_ > 0;
  const auto most = capped ? std::min(1.0, 1 / limit_ - 1) : 1.0;
  if (!(share >= 0 && share <= most))
    refuse("hysteresis", detail::format_number(share, written_digits),
           "0.." + detail::format_number(most, 3));
  auto copy = *this;
  copy.options_.hysteresis = share;
  return copy;
}

threshold threshold::warning() const {
  auto copy = *this;
  copy.options_.level = severity::warning;
  return copy;
}

threshold threshold::critical() const {
  auto copy = *this;
  copy.options_.level = severity::critical;
  return copy;
}

bool threshold::breached_by(double value) const noexcept {
  switch (side_) {
  case comparison::above:
    return value > limit_;
  case comparison::below:
    return value < limit_;
  case comparison::equal:
    return value == limit_;
  default:
    return value != limit_;
  }
}

bool threshold::recovered_by(double value) const noexcept {
  if (unit_of(metric_) == unit::state)
    return !breached_by(value);
  const auto margin = limit_ * options_.hysteresis;
  return side_ == comparison::above ? value <= limit_ - margin : value >= limit_ + margin;
}

std::optional<double> threshold::value_in(const graph_metrics& graph) const {
  if (process_wide())
    return process_value(metric_, graph);
  const auto found = std::find_if(graph.stages.begin(), graph.stages.end(),
                                  [this](const auto& stage) { return stage.name == stage_; });
  return found == graph.stages.end() ? std::nullopt : stage_value(metric_, *found);
}

std::string threshold::subject() const { return detail::format_subject(metric_, stage_); }

void threshold::refuse(std::string_view option, std::string_view value,
                       std::string_view valid) const {
  throw std::invalid_argument("rule " + to_string(*this) + ": " + std::string{option} + " = "
                              + std::string{value} + ", needs " + std::string{valid});
}

std::string to_string(const threshold& rule) {
  auto text = rule.subject() + " " + std::string{detail::symbol(rule.side())} + " "
              + detail::format_value(rule.metric(), rule.limit(), written_digits);
  if (rule.options().hold > duration::zero())
    text += " for " + detail::format_duration(rule.options().hold, written_digits);
  return text;
}

std::ostream& operator<<(std::ostream& out, const threshold& rule) {
  return out << to_string(rule);
}

// -- metrics -----------------------------------------------------------------------------------

number_metric::number_metric(metric_kind metric, std::string stage)
    : metric_{metric}, stage_{std::move(stage)} {
  check_stage(metric_, stage_);
}

duration_metric::duration_metric(metric_kind metric, std::string stage)
    : metric_{metric}, stage_{std::move(stage)} {
  check_stage(metric_, stage_);
}

breaker_metric::breaker_metric(std::string stage) : stage_{std::move(stage)} {
  check_stage(metric_kind::breaker, stage_);
}

threshold breaker_metric::operator==(breaker_state state) const {
  return {metric_kind::breaker, stage_, comparison::equal, static_cast<double>(state)};
}

threshold breaker_metric::operator!=(breaker_state state) const {
  return {metric_kind::breaker, stage_, comparison::not_equal, static_cast<double>(state)};
}

threshold duration_metric::operator>(time_span limit) const {
  return {metric_, stage_, comparison::above, to_seconds(limit)};
}

threshold duration_metric::operator<(time_span limit) const {
  return {metric_, stage_, comparison::below, to_seconds(limit)};
}

number_metric mailbox_depth(std::string stage) {
  return {metric_kind::mailbox_depth, std::move(stage)};
}
number_metric throughput(std::string stage) { return {metric_kind::throughput, std::move(stage)}; }
number_metric error_rate(std::string stage) { return {metric_kind::error_rate, std::move(stage)}; }
number_metric utilization(std::string stage) {
  return {metric_kind::utilization, std::move(stage)};
}
number_metric buffer_fill(std::string stage) {
  return {metric_kind::buffer_fill, std::move(stage)};
}

duration_metric mean_latency(std::string stage) {
  return {metric_kind::mean_latency, std::move(stage)};
}
duration_metric p50_latency(std::string stage) {
  return {metric_kind::p50_latency, std::move(stage)};
}
duration_metric p90_latency(std::string stage) {
  return {metric_kind::p90_latency, std::move(stage)};
}
duration_metric p99_latency(std::string stage) {
  return {metric_kind::p99_latency, std::move(stage)};
}
duration_metric max_latency(std::string stage) {
  return {metric_kind::max_latency, std::move(stage)};
}

duration_metric mean_wait(std::string stage) { return {metric_kind::mean_wait, std::move(stage)}; }
duration_metric p50_wait(std::string stage) { return {metric_kind::p50_wait, std::move(stage)}; }
duration_metric p90_wait(std::string stage) { return {metric_kind::p90_wait, std::move(stage)}; }
duration_metric p99_wait(std::string stage) { return {metric_kind::p99_wait, std::move(stage)}; }
duration_metric max_wait(std::string stage) { return {metric_kind::max_wait, std::move(stage)}; }

breaker_metric breaker(std::string stage) { return breaker_metric{std::move(stage)}; }

number_metric memory() { return {metric_kind::memory, {}}; }
number_metric active_actors() { return {metric_kind::active_actors, {}}; }
number_metric cpu() { return {metric_kind::cpu, {}}; }

} // namespace troupe
