#include <troupe/detail/curve.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

namespace {

auto as_tuple(const latency_stats& s) { return std::tie(s.mean, s.p50, s.p90, s.p99, s.max); }

bool is_same(const stage_metrics& a, const stage_metrics& b) {
  const auto rest = [](const stage_metrics& m) {
    return std::tie(m.name, m.counters, m.throughput, m.error_rate, m.utilization, m.mailbox_depth,
                    m.buffer_fill, m.workers, m.kind, m.breaker);
  };
  return rest(a) == rest(b) && as_tuple(a.latency) == as_tuple(b.latency)
         && as_tuple(a.wait) == as_tuple(b.wait);
}

} // namespace

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
  run_ = metrics.name;
  auto stages = points_.empty() ? nullptr : points_.back().stages;
  if (!stages
      || !std::equal(stages->begin(), stages->end(), metrics.stages.begin(), metrics.stages.end(),
                     is_same))
    stages = std::make_shared<const stage_list>(metrics.stages);
  auto process = metrics;
  process.name.clear();
  process.stages.clear();
  points_.push_back({at, std::move(stages), std::move(process)});
  if (points_.size() > most)
    thin_out();
}

std::vector<metrics_at> curve::points() const {
  std::vector<metrics_at> all;
  for (const auto& p : points_) {
    all.push_back({p.at, p.process});
    all.back().metrics.name = run_;
    all.back().metrics.stages = *p.stages;
  }
  return all;
}

void curve::thin_out() {
  const auto span = elapsed(points_.front().at, points_.back().at);
  apart_ = 2 * (span / static_cast<duration::rep>(points_.size() - 1));
  std::deque<point> half;
  for (std::size_t i = 0; i < points_.size(); i += 2)
    half.push_back(std::move(points_[i]));
  points_ = std::move(half);
}

} // namespace troupe::detail
