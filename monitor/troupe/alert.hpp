#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include <troupe/threshold.hpp>

namespace troupe {

enum class alert_state { raised, resolved };
std::string_view to_string(alert_state state) noexcept;

/// A rule's limit was passed for long enough, or is passed no more.
///
/// Units:  `value` and `limit` as in `threshold`: durations in seconds, memory in bytes. Of a rule
///         that is joined from several comparisons, `stage`, `metric`, `side`, `value` and `limit`
///         are those of the one that decided: the first that is passed.
/// Cost:   a copy of a few strings; no reference to the run.
struct alert {
  using internal_message = void; ///< may be sent to actors of this process; see actor_listener

  alert_state state = alert_state::raised;
  severity level = severity::warning;
  std::string rule{}; ///< as written: `p99_latency("pricing") > 250ms for 2s`
  std::string run{};  ///< the run's name; empty where it has none, or the rule is about the process
  std::string stage{}; ///< empty where the rule is about the process
  metric_kind metric = metric_kind::mailbox_depth;
  comparison side = comparison::above;
  double value = 0;      ///< at `at`; where a run ended, the last one seen
  double limit = 0;      ///< the rule's threshold
  time_point since{};    ///< when the limit was first seen passed
  time_point at{};       ///< when the alert was raised, last updated or resolved
  std::string reason{};  ///< why it is over though the value is not, e.g. "the run ended"
  std::string root{};    ///< the stage that holds this one up, if it is another; see `stall`
  std::string summary{}; ///< of the rule: what it means, for who is woken by it
  std::string runbook{}; ///< of the rule: where it is written what to do
  /// What was measured, where `value` does not tell it: of a rule with several comparisons, of a
  /// growth and of a stall.
  std::string measured{};

  /// How long the limit had been passed by `at`; never negative.
  duration lasted() const noexcept;

  friend bool operator==(const alert&, const alert&) = default;
};

/// One line: `critical: p99_latency("pricing") = 312ms > 250ms for 2.1s`, or
/// `resolved: p99_latency("pricing") = 120ms, was > 250ms for 12s`; of a run with a name
/// `critical: orders: p99_latency("pricing") = 312ms > 250ms for 2.1s`. Where a root is known it
/// ends with that: `, held up by "ledger"`.
std::string to_string(const alert& a);
std::ostream& operator<<(std::ostream& out, const alert& a);

} // namespace troupe
