#include <troupe/detail/curve.hpp>

#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

void curve::add(time_point at, const graph_metrics& metrics) {
  if (keep_ <= duration::zero())
    return;
  if (!points_.empty() && at < points_.back().at) // a clock that stepped back
    points_.clear();
  while (!points_.empty() && elapsed(points_.front().at, at) > keep_)
    points_.pop_front();
  // A timer is seldom exact: what is a little early counts as in time.
  if (!points_.empty() && elapsed(points_.back().at, at) < apart_ / 4 * 3)
    return;
  points_.push_back({at, metrics});
  if (points_.size() > most)
    thin_out();
}

void curve::thin_out() {
  const auto span = elapsed(points_.front().at, points_.back().at);
  apart_ = 2 * (span / static_cast<duration::rep>(points_.size() - 1));
  std::deque<metrics_at> half;
  for (std::size_t i = 0; i < points_.size(); i += 2)
    half.push_back(std::move(points_[i]));
  points_ = std::move(half);
}

} // namespace troupe::detail
