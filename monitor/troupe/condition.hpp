#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <troupe/time_span.hpp>

namespace troupe {

/// What a rule looks at. From `memory` on it belongs to the process or the run, not to a stage:
/// what is added of that kind comes behind.
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
  stalled,
  memory,
  active_actors,
  cpu,
  memory_share,
  cpu_share,
};

/// The name of `kind` as it is written in a rule, e.g. "p99_latency".
std::string_view to_string(metric_kind kind) noexcept;

enum class comparison {
  above,
  below,
  equal,     ///< of states only
  not_equal, ///< likewise
};

/// In place of a stage's name: each stage, with an alert of its own.
struct any_stage_t {
  explicit any_stage_t() = default;
};
inline constexpr any_stage_t any_stage{};

/// The stage that a rule is about: one by its name, or `any_stage`.
class rule_stage {
public:
  rule_stage(std::string name) : name_{std::move(name)} {}
  rule_stage(const char* name) : name_{name} {}
  rule_stage(any_stage_t /*each*/) : any_{true} {}

  const std::string& name() const noexcept { return name_; } ///< empty: any, or none
  bool any() const noexcept { return any_; }

  friend bool operator==(const rule_stage&, const rule_stage&) = default;

private:
  std::string name_;
  bool any_ = false;
};

/// One comparison, of which rules are made: `p99_latency("pricing") > 250ms`.
///
/// Units:  as in `threshold`; the limit of a growth is what the metric grows by in `window`.
struct condition {
  metric_kind metric = metric_kind::mailbox_depth;
  rule_stage stage = std::string{}; ///< without a name: about the process
  comparison side = comparison::above;
  double limit = 0;      ///< stalled: for how many seconds at least
  double hysteresis = 0; ///< over only when back by this share of the limit
  time_span window{};    ///< of a growth; zero: the metric itself is compared

  bool is_growth() const noexcept { return window > duration::zero(); }
  bool breached_by(double value) const noexcept;

  /// Back within the limit by the hysteresis.
  bool recovered_by(double value) const noexcept;

  friend bool operator==(const condition&, const condition&) = default;
};

/// What is compared, as it is written: `p99_latency("pricing")`, `growth(memory()).per(60s)`.
std::string subject_of(const condition& c);

/// As it is written: `p99_latency("pricing") > 250ms`, `stalled(any_stage) for 5s`.
std::string to_string(const condition& c);

} // namespace troupe
