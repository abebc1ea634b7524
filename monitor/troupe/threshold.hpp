#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/condition.hpp>
#include <troupe/detail/rule_subject.hpp>
#include <troupe/metrics.hpp>

namespace troupe {

enum class severity { warning, critical };
std::string_view to_string(severity level) noexcept;

/// How long, how far and how often: what `threshold`'s modifiers set.
struct threshold_options {
  severity level = severity::warning;
  time_span hold{};      ///< the limit must be passed for this long
  time_span cooldown{};  ///< after being resolved, quiet for this long
  double hysteresis = 0; ///< resolved only when back by this share of the limit, 0..1
};

/// How the comparisons of a rule are joined, as a stack machine: each step takes what the last ones
/// have left.
struct rule_step {
  enum class kind {
    compare, ///< the next comparison
    both,    ///< of the two before: &&
    either,  ///< ||
  };
  kind what = kind::compare;
  time_span hold{}; ///< of a part: it must hold for this long

  friend bool operator==(const rule_step&, const rule_step&) = default;
};

/// A rule as a value: `(p99_latency("pricing") > 250ms).for_at_least(2s)`.
///
/// ```
/// (p99_latency("pricing") > 250ms && error_rate("pricing") > 0.01).for_at_least(2s).critical()
/// stalled(any_stage).for_at_least(5s).run("orders*").runbook("https://wiki/stalled")
/// growth(memory()).per(1min) > 100'000'000
/// ```
///
/// Shape:  comparisons joined by `&&` and `||`, to any depth; one alert for the whole. A rule about
///         `any_stage` gives one for each stage, and everywhere in it that is the same stage.
/// Units:  durations in seconds, memory in bytes, shares 0..1, throughput in items per second, cpu
///         in processor seconds per second. Exactly at the limit is not beyond it.
/// Errors: std::invalid_argument for a limit that is NaN, infinite, negative (but of a growth) or
///         (for a share) above 1, a negative duration, a hysteresis outside 0..1, or one that asks
///         a share to rise above 1, and for one of a joined rule: its parts have their own.
class threshold {
public:
  threshold(metric_kind metric, std::string stage, comparison side, double limit);
  explicit threshold(condition only);

  /// Raised only when the limit is passed in every sample of a span of `d`; default 0. A part of a
  /// joined rule counts only once it has held for that long.
  threshold for_at_least(time_span d) const;

  /// Resolved only when the value is back by this share of the limit: with 0.1, `> 100` is over
  /// at 90, and `< 100` at 110. Default 0.
  threshold hysteresis(double share) const;

  /// After being resolved, not raised again for `d`; default 0. A joined rule begins with the
  /// longer one of its parts, and with the higher severity.
  threshold cooldown(time_span d) const;

  threshold warning() const;
  threshold critical() const;

  /// Only for runs whose name matches: `*` is any text, `?` any character. A rule about the process
  /// is then judged for each such run, and `active_actors()` are those of that run. Parts may name
  /// one pattern at most.
  threshold run(std::string pattern) const;

  /// What it means, for who is woken by it, and where it is written what to do. Of a joined rule:
  /// the first of its parts that has one.
  threshold summary(std::string text) const;
  threshold runbook(std::string where) const;

  friend threshold operator&&(const threshold& a, const threshold& b);
  friend threshold operator||(const threshold& a, const threshold& b);

  // -- what it says --

  const std::vector<condition>& conditions() const noexcept { return conditions_; }
  const std::vector<rule_step>& steps() const noexcept { return steps_; }
  const threshold_options& options() const noexcept { return options_; }
  const std::string& run() const noexcept { return run_; } ///< empty: every run
  const std::string& summary() const noexcept { return summary_; }
  const std::string& runbook() const noexcept { return runbook_; }

  bool joined() const noexcept { return conditions_.size() > 1; }

  /// Whether it is judged once for the whole process, not for each run.
  bool process_wide() const noexcept;

  /// Whether it is judged for each stage of a run, and the rule for one of them.
  bool about_any_stage() const noexcept;
  threshold about(const std::string& stage) const;

  // -- of its first comparison, for rules of one --

  metric_kind metric() const noexcept { return first().metric; }
  const std::string& stage() const noexcept { return first().stage.name(); }
  comparison side() const noexcept { return first().side; }
  double limit() const noexcept { return first().limit; }
  bool breached_by(double value) const noexcept { return first().breached_by(value); }
  bool recovered_by(double value) const noexcept { return first().recovered_by(value); }

  /// The metric's value; nothing if the stage is not there, or if no item was measured: a stage
  /// that did nothing has no latency and no error rate.
  std::optional<double> value_in(const graph_metrics& graph) const;

  /// The metric as it is written, e.g. `p99_latency("pricing")`.
  std::string subject() const { return subject_of(first()); }

private:
  static threshold join(const threshold& a, const threshold& b, rule_step::kind how);
  const condition& first() const noexcept { return conditions_.front(); }
  void check_hysteresis(double share) const;
  [[noreturn]] void refuse(std::string_view option, std::string_view value,
                           std::string_view valid) const;

  std::vector<condition> conditions_; // in the order in which they were written
  std::vector<rule_step> steps_;
  threshold_options options_;
  std::string run_;
  std::string summary_;
  std::string runbook_;
};

/// The rule as it is written, e.g. `p99_latency("pricing") > 250ms for 2s`.
std::string to_string(const threshold& rule);
std::ostream& operator<<(std::ostream& out, const threshold& rule);

// -- what rules are made of ----------------------------------------------------------------------

/// A metric that is a number; compared, it becomes a rule.
class number_metric {
public:
  explicit number_metric(condition subject);

  template <detail::limit_value N>
  threshold operator>(N limit) const {
    return rule(comparison::above, static_cast<double>(limit));
  }
  template <detail::limit_value N>
  threshold operator<(N limit) const {
    return rule(comparison::below, static_cast<double>(limit));
  }

  const condition& subject() const noexcept { return subject_; }

private:
  threshold rule(comparison side, double limit) const;
  condition subject_;
};

/// A metric that is a duration; compared with one, it becomes a rule.
class duration_metric {
public:
  explicit duration_metric(condition subject);

  threshold operator>(time_span limit) const;
  threshold operator<(time_span limit) const;

  const condition& subject() const noexcept { return subject_; }

private:
  condition subject_;
};

/// How much a metric grows, over a window that is still to be named.
template <class Metric>
class growth_of {
public:
  explicit growth_of(condition subject) : subject_{std::move(subject)} {}

  /// By how much it is more than it was `window` ago: less than 0 where it shrinks. Until so much
  /// time has been seen, than at the beginning; a `<` is then not judged. The metric as it was is
  /// kept at 60 points of the window, and taken from the line between two of them.
  Metric per(time_span window) const { return Metric{detail::growing(subject_, window)}; }

private:
  condition subject_;
};
growth_of<number_metric> growth(const number_metric& metric);
growth_of<duration_metric> growth(const duration_metric& metric);

/// The state of a circuit breaker; compared with one, it becomes a rule.
class breaker_metric {
public:
  explicit breaker_metric(rule_stage stage);

  threshold operator==(breaker_state state) const;
  threshold operator!=(breaker_state state) const;

private:
  rule_stage stage_;
};

/// A stage that has input and demand and makes no progress.
class stall_metric {
public:
  explicit stall_metric(rule_stage stage);

  /// Longer than the longest call of the stage's function, or that is an alert as well. The time
  /// runs from the last sample that saw progress.
  threshold for_at_least(time_span d) const;

private:
  rule_stage stage_;
};

// A stage's name must not be empty: std::invalid_argument.
number_metric mailbox_depth(rule_stage stage);
number_metric throughput(rule_stage stage);
number_metric error_rate(rule_stage stage);
number_metric utilization(rule_stage stage);
number_metric buffer_fill(rule_stage stage);

duration_metric mean_latency(rule_stage stage);
duration_metric p50_latency(rule_stage stage);
duration_metric p90_latency(rule_stage stage);
duration_metric p99_latency(rule_stage stage);
duration_metric max_latency(rule_stage stage);

duration_metric mean_wait(rule_stage stage);
duration_metric p50_wait(rule_stage stage);
duration_metric p90_wait(rule_stage stage);
duration_metric p99_wait(rule_stage stage);
duration_metric max_wait(rule_stage stage);

/// Of a call with a circuit_breaker: the outermost.
breaker_metric breaker(rule_stage stage);

/// Not of one that is held up by another, limited by its rate, paused by hand or idle.
stall_metric stalled(rule_stage stage);

/// Resident bytes of the process.
number_metric memory();
/// Actors of all watched runs that are alive.
number_metric active_actors();
/// Processor seconds per second; 1 is one core.
number_metric cpu();
/// Of what the process's control group may have, else of the machine's; 0..1.
number_metric memory_share();
number_metric cpu_share();

} // namespace troupe
