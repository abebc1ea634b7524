#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include <troupe/metrics.hpp>
#include <troupe/monitor.hpp>

namespace troupe::detail {

/// The metrics of a run over the last while.
///
/// Bound:  `most` points. Where that is too few for all samples, every second goes, and from then
///         on only every second one is taken; and so on.
class curve {
public:
  static constexpr std::size_t most = 1000;

  /// `keep` zero: none.
  explicit curve(duration keep) : keep_{keep} {}

  void add(time_point at, const graph_metrics& metrics);

  std::vector<metrics_at> points() const { return {points_.begin(), points_.end()}; }

private:
  void thin_out();

  duration keep_;
  duration apart_{}; ///< zero: each sample is a point
  std::deque<metrics_at> points_;
};

} // namespace troupe::detail
