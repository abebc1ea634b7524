#include <troupe/detail/growth_window.hpp>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

growth_window::growth growth_window::feed(time_point now, double value) {
  if (!past_.empty() && now < past_.back().at)
    past_.clear();
  const auto begin = earlier(now, window_);
  // The second is old enough: the line from the first is not needed any more.
  while (past_.size() > 1 && past_[1].at <= begin)
    past_.pop_front();
  growth g;
  if (!past_.empty()) {
    g.whole = past_.front().at <= begin;
    g.value = value - (g.whole ? value_at(begin, {now, value}) : past_.front().value);
  }
  if (past_.empty() || elapsed(past_.back().at, now) >= apart_)
    past_.push_back({now, value});
  return g;
}

double growth_window::value_at(time_point begin, const point& latest) const {
  const auto& a = past_.front();
  if (a.at == begin)
    return a.value;
  const auto& b = past_.size() > 1 ? past_[1] : latest;
  const auto share = std::chrono::duration<double>(elapsed(a.at, begin))
                     / std::chrono::duration<double>(elapsed(a.at, b.at));
  return a.value + share * (b.value - a.value);
}

} // namespace troupe::detail
