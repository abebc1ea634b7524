#include <troupe/call/timers.hpp>

namespace troupe::detail {

timers::id timers::add(time_point at, function f) {
  const auto timer = ++last_;
  by_time_.emplace(std::pair{at, timer}, std::move(f));
  times_.emplace(timer, at);
  return timer;
}

void timers::drop(id timer) {
  if (const auto known = times_.extract(timer))
    by_time_.erase({known.mapped(), timer});
}

timers::function timers::take_due(time_point now) {
  if (by_time_.empty() || by_time_.begin()->first.first > now)
    return nullptr;
  auto due = by_time_.extract(by_time_.begin());
  times_.erase(due.key().second);
  return std::move(due.mapped());
}

std::optional<time_point> timers::next() const {
  return by_time_.empty() ? std::nullopt : std::optional{by_time_.begin()->first.first};
}

void timers::clear() noexcept {
  by_time_.clear();
  times_.clear();
}

} // namespace troupe::detail
