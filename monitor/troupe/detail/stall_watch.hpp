#pragma once

#include <map>
#include <optional>
#include <string>

#include <troupe/metrics.hpp>
#include <troupe/policy/stall.hpp>

namespace troupe::detail {

/// For how long each stage of a run has had input and demand, and made no progress.
///
/// Shape:  two samples in a row, and who waits for whom in the later one -> time for each stage.
/// Bound:  one time for each stage.
/// Units:  from the last sample that saw progress, so that it is never less than it was, and at
///         most one period more.
class stall_watch {
public:
  void feed(const graph_sample& before, const graph_sample& now, const stall& waits);

  /// Zero: it is not stalled. Nothing: there is no such stage.
  std::optional<duration> of(const std::string& stage) const;

private:
  std::map<std::string, duration> lasts_;
};

} // namespace troupe::detail
