#pragma once

#include <concepts>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <troupe/metrics.hpp>

namespace troupe {

/// What a rule looks at; the last three belong to the process or the run, not to a stage.
enum class metric_kind {
  mailbox_depth,
  throughput,
  error_rate,
  utilization,
  buffer_fill,
  mean_latency,
  p50_latency,
  p90_latency,
  p99_latency,
  max_latency,
  mean_wait,
  p50_wait,
  p90_wait,
  p99_wait,
  max_wait,
  breaker,
  memory,
  active_actors,
  cpu,
};

/// The name of `kind` as it is written in a rule, e.g. "p99_latency".
std::string_view to_string(metric_kind kind) noexcept;

enum class comparison {
  above,
  below,
  equal,     ///< of states only
  not_equal, ///< likewise
};

enum class severity { warning, critical };
std::string_view to_string(severity level) noexcept;

/// How long, how far and how often: what `threshold`'s modifiers set.
struct threshold_options {
  severity level = severity::warning;
  time_span hold{};      ///< the limit must be passed for this long
  time_span cooldown{};  ///< after being resolved, quiet for this long
  double hysteresis = 0; ///< resolved only when back by this share of the limit, 0..1
};

/// A rule about one metric, as a value: `(p99_latency("pricing") > 250ms).for_at_least(2s)`.
///
/// Units:  durations in seconds, memory in bytes, shares 0..1, throughput in items per second, cpu
///         in processor seconds per second. Exactly at the limit is not beyond it.
/// Errors: std::invalid_argument for a limit that is NaN, infinite, negative or (for a share)
///         above 1, a negative duration, a hysteresis outside 0..1, or one that asks a share to
///         rise above 1.
class threshold {
public:
  threshold(metric_kind metric, std::string stage, comparison side, double limit);

  /// Raised only when the limit is passed in every sample of a span of `d`; default 0.
  threshold for_at_least(time_span d) const;

  /// Resolved only when the value is back by this share of the limit: with 0.1, `> 100` is over
  /// at 90, and `< 100` at 110. Default 0.
  threshold hysteresis(double share) const;

  /// After being resolved, not raised again for `d`; default 0.
  threshold cooldown(time_span d) const;

  threshold warning() const;
  threshold critical() const;

  metric_kind metric() const noexcept { return metric_; }
  const std::string& stage() const noexcept { return stage_; } ///< empty: process-wide
  comparison side() const noexcept { return side_; }
  double limit() const noexcept { return limit_; }
  const threshold_options& options() const noexcept { return options_; }

  /// Whether the rule is about the whole process, not one stage.
  bool process_wide() const noexcept { return stage_.empty(); }

  bool breached_by(double value) const noexcept;

  /// Whether an open alert is over: back within the limit by the hysteresis.
  bool recovered_by(double value) const noexcept;

  /// What the rule is to judge; nothing if the stage is not there, or if no item was measured:
  /// a stage that did nothing has no latency and no error rate.
  std::optional<double> value_in(const graph_metrics& graph) const;

  /// The metric as it is written, e.g. `p99_latency("pricing")`.
  std::string subject() const;

private:
  [[noreturn]] void refuse(std::string_view option, std::string_view value,
                           std::string_view valid) const;

  metric_kind metric_;
  std::string stage_;
  comparison side_;
  double limit_;
  threshold_options options_;
};

/// The rule as it is written, e.g. `p99_latency("pricing") > 250ms for 2s`.
std::string to_string(const threshold& rule);
std::ostream& operator<<(std::ostream& out, const threshold& rule);

namespace detail {
template <class N>
concept limit_value = std::integral<N> || std::floating_point<N>;
} // namespace detail

/// A metric that is a number; compared, it becomes a rule.
class number_metric {
public:
  number_metric(metric_kind metric, std::string stage);

  template <detail::limit_value N>
  threshold operator>(N limit) const {
    return {metric_, stage_, comparison::above, static_cast<double>(limit)};
  }

  template <detail::limit_value N>
  threshold operator<(N limit) const {
    return {metric_, stage_, comparison::below, static_cast<double>(limit)};
  }

private:
  metric_kind metric_;
  std::string stage_;
};

/// A metric that is a duration; compared with one, it becomes a rule.
class duration_metric {
public:
  duration_metric(metric_kind metric, std::string stage);

  threshold operator>(time_span limit) const;
  threshold operator<(time_span limit) const;

private:
  metric_kind metric_;
  std::string stage_;
};

/// The state of a circuit breaker; compared with one, it becomes a rule.
class breaker_metric {
public:
  explicit breaker_metric(std::string stage);

  threshold operator==(breaker_state state) const;
  threshold operator!=(breaker_state state) const;

private:
  std::string stage_;
};

/// What rules are made of. A stage's name must not be empty: std::invalid_argument.
number_metric mailbox_depth(std::string stage);
number_metric throughput(std::string stage);
number_metric error_rate(std::string stage);
number_metric utilization(std::string stage);
number_metric buffer_fill(std::string stage);

duration_metric mean_latency(std::string stage);
duration_metric p50_latency(std::string stage);
duration_metric p90_latency(std::string stage);
duration_metric p99_latency(std::string stage);
duration_metric max_latency(std::string stage);

duration_metric mean_wait(std::string stage);
duration_metric p50_wait(std::string stage);
duration_metric p90_wait(std::string stage);
duration_metric p99_wait(std::string stage);
duration_metric max_wait(std::string stage);

/// Of a call with a circuit_breaker: the outermost.
breaker_metric breaker(std::string stage);

/// Resident bytes of the process.
number_metric memory();
/// Actors of all watched runs that are alive.
number_metric active_actors();
/// Processor seconds per second; 1 is one core.
number_metric cpu();

} // namespace troupe
