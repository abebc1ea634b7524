#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <troupe/metrics.hpp>
#include <troupe/monitor.hpp>

namespace troupe::detail {

/// The metrics of a run over the last while.
///
/// Bound:  `most` points. Where that is too few for all samples, every second goes, and from then
///         on only every second one is taken; and so on. While nothing happens in a run its points
///         share what is known of the stages.
class curve {
public:
  static constexpr std::size_t most = 1000;

  /// `keep` zero: none.
  explicit curve(duration keep) : keep_{keep} {}

  void add(time_point at, const graph_metrics& metrics);

  std::vector<metrics_at> points() const;

private:
  using stage_list = std::vector<stage_metrics>;
  struct point {
    time_point at;
    std::shared_ptr<const stage_list> stages;
    graph_metrics process; ///< without name and stages
  };

  void thin_out();

  duration keep_;
  duration apart_{}; ///< zero: each sample is a point
  std::string run_{};
  std::deque<point> points_{};
};

} // namespace troupe::detail
