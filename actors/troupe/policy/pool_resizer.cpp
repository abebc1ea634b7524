#include <troupe/policy/pool_resizer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

constexpr std::string_view me = "pool_resizer";

// 0.1 x 30 is not quite 3 in binary; what is meant is 3.
constexpr double rounding = 1e-9;

void check(const resizer_options& o) {
  constexpr auto most = std::numeric_limits<int>::max();
  detail::check_count(me, "min", o.min, 1, most);
  if (o.max.value() < o.min.value() || o.max.value() > most)
    detail::refuse(me, "max", std::to_string(o.max.value()),
                   "min (" + std::to_string(o.min.value()) + ") to " + std::to_string(most));
  if (!(o.grow > 0.0 && std::isfinite(o.grow)))
    detail::refuse(me, "grow", detail::as_text(o.grow), "more than 0");
  if (!(o.shrink > 0.0 && o.shrink <= 1.0))
    detail::refuse(me, "shrink", detail::as_text(o.shrink), "more than 0, at most 1");
  if (!(o.shrink_below >= 0.0 && o.shrink_below <= 1.0))
    detail::refuse(me, "shrink_below", detail::as_text(o.shrink_below), "0 to 1");
  detail::check_not_negative(me, "cooldown", o.cooldown);
  detail::check_not_negative(me, "wait_target", o.wait_target);
}

} // namespace

pool_resizer::pool_resizer(resizer_options options) : options_(options) { check(options_); }

int pool_resizer::decide(count workers, count busy) const {
  return decide(workers.value(), busy.value(), false);
}

int pool_resizer::decide(time_point now, count workers, count busy, time_span queue_wait) {
  const auto have = std::max(workers.value(), 0LL);
  if (is_cooling(now) && !is_outside(have))
    return 0;
  const bool late = options_.wait_target > duration::zero() && queue_wait > options_.wait_target;
  const int change = decide(have, busy.value(), late);
  if (change != 0)
    changed_ = now;
  return change;
}

int pool_resizer::decide(long long workers, long long busy, bool waits_too_long) const {
  workers = std::max(workers, 0LL);
  busy = std::clamp(busy, 0LL, workers);
  const auto low = options_.min.value();
  const auto high = options_.max.value();
  auto wanted = workers;
  if (!is_outside(workers)) {
    const auto utilisation = static_cast<double>(busy) / static_cast<double>(workers);
    if (busy == workers || waits_too_long)
      wanted += step_up(workers);
    else if (utilisation < options_.shrink_below)
      wanted -= step_down(workers);
  }
  const auto change = std::clamp(wanted, low, high) - workers;
  return static_cast<int>(std::max<long long>(change, std::numeric_limits<int>::min()));
}

long long pool_resizer::step_up(long long workers) const {
  const auto step = std::ceil(static_cast<double>(workers) * options_.grow - rounding);
  const auto most = static_cast<double>(options_.max.value());
  return std::max(1LL, static_cast<long long>(std::min(step, most)));
}

long long pool_resizer::step_down(long long workers) const {
  const auto step = std::floor(static_cast<double>(workers) * options_.shrink + rounding);
  return std::max(1LL, static_cast<long long>(step));
}

bool pool_resizer::is_outside(long long workers) const noexcept {
  return workers < options_.min.value() || workers > options_.max.value();
}

bool pool_resizer::is_cooling(time_point now) {
  if (!changed_ || options_.cooldown == duration::zero())
    return false;
  // Else a clock that was far ahead once would forbid changes until it is there again.
  if (now < *changed_)
    changed_ = now;
  return detail::elapsed(*changed_, now) < options_.cooldown;
}

} // namespace troupe
