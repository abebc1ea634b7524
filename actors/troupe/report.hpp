#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <troupe/metrics.hpp>

namespace troupe {

/// How a run ended: what became of every item, stage by stage, and why it ended early if it did.
class report {
public:
  using stage_list = std::vector<std::pair<std::string, counters>>;

  report() = default;
  report(stage_list stages, std::optional<troupe::error> error, duration elapsed)
      : stages_(std::move(stages)), error_(std::move(error)), elapsed_(elapsed) {}

  /// All that came was delivered or filtered; nothing failed, was lost by policy or left behind.
  bool clean() const noexcept;
  /// Why the run failed or was cut short; empty after an ordinary end, `drain` or `stop`.
  const std::optional<troupe::error>& error() const noexcept { return error_; }
  /// From start to end, by the system's clock.
  duration elapsed() const noexcept { return elapsed_; }
  /// Errors: std::invalid_argument for a stage that the flow does not have.
  const counters& stage(const std::string& name) const;
  /// In flow order.
  const stage_list& stages() const noexcept { return stages_; }

private:
  stage_list stages_;
  std::optional<troupe::error> error_;
  duration elapsed_{};
};

/// A line for each stage.
std::ostream& operator<<(std::ostream& out, const report& r);

} // namespace troupe
