#include <troupe/policy/restart_intensity.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

constexpr std::string_view me = "restart_intensity";
constexpr auto no_end = std::numeric_limits<std::size_t>::max();

// Unsigned: the distance between two ends of the range is more than a duration can hold.
std::uint64_t ticks(auto t) noexcept { return static_cast<std::uint64_t>(t.count()); }

bool further_apart(time_point from, time_point to, duration d) noexcept {
  return ticks(to.time_since_epoch()) - ticks(from.time_since_epoch()) > ticks(d);
}

} // namespace

restart_intensity::restart_intensity(count restarts, time_span period)
    : restarts_(0), period_(period) {
  if (restarts.value() < 0)
    detail::refuse(me, "restarts", std::to_string(restarts.value()), "at least 0");
  if (period <= duration::zero())
    detail::refuse(me, "period", detail::as_text(period), "more than 0 ms");
  detail::check_count(me, "restarts", restarts, 0, detail::largest_count);
  restarts_ = restarts;
}

restart_intensity restart_intensity::unlimited() {
  auto i = never();
  i.restarts_ = no_end;
  return i;
}
restart_intensity restart_intensity::never() { return {0, duration::max()}; }

bool restart_intensity::is_unlimited() const noexcept { return restarts_ == no_end; }

bool restart_intensity::record(time_point now) {
  if (is_unlimited())
    return true;
  for (auto at = recent_.rbegin(); at != recent_.rend() && *at > now; ++at)
    *at = now;
  while (!recent_.empty() && further_apart(recent_.front(), now, period_))
    recent_.pop_front();
  const bool few_enough = recent_.size() < restarts_;
  if (!few_enough && !recent_.empty())
    recent_.pop_front(); // of no use for any later answer: those behind it are enough
  if (restarts_ > 0)
    recent_.push_back(now);
  return few_enough;
}

} // namespace troupe
