#include <troupe/policy/bulkhead.hpp>

#include <algorithm>
#include <limits>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

const bulkhead& checked(const bulkhead& options) {
  validate(options);
  return options;
}

} // namespace

void validate(const bulkhead& options, std::string_view where) {
  constexpr long long most = std::numeric_limits<int>::max();
  detail::check_count(where, "max", options.max, 1, most);
  detail::check_not_negative(where, "wait", options.wait);
  detail::check_count(where, "waiting", options.waiting, 0, most);
}

bulkhead_gate::bulkhead_gate(bulkhead options) : options_(checked(options)), places_(options.max) {}

bulkhead_gate::entry bulkhead_gate::enter(time_point now) {
  step_back(now);
  if (places_.try_take(1))
    return {verdict::admitted};
  if (options_.wait == duration::zero() || waiters_.size() >= options_.waiting)
    return {verdict::full};
  const auto number = places_.enqueue(1);
  waiters_.push_back({number, detail::later(now, options_.wait)});
  return {verdict::waits, number};
}

bulkhead_gate::turns bulkhead_gate::leave(time_point now) {
  step_back(now);
  turns t;
  drop(t, now, false);
  if (running() > 0)
    places_.give_back(1);
  t.admitted = places_.grant();
  waiters_.erase(waiters_.begin(),
                 waiters_.begin() + static_cast<std::ptrdiff_t>(t.admitted.size()));
  return t;
}

bulkhead_gate::turns bulkhead_gate::expire(time_point now) {
  step_back(now);
  turns t;
  drop(t, now, true);
  return t;
}

bool bulkhead_gate::cancel(ticket number) {
  const auto it = std::find_if(waiters_.begin(), waiters_.end(),
                               [&](const waiter& w) { return w.number == number; });
  if (it == waiters_.end())
    return false;
  places_.leave(number);
  waiters_.erase(it);
  return true;
}

std::optional<time_point> bulkhead_gate::next_expiry() const {
  return waiters_.empty() ? std::nullopt : std::optional{waiters_.front().until};
}

// After a clock that stepped back nobody waits for longer than from the beginning.
void bulkhead_gate::step_back(time_point now) {
  const auto latest = detail::later(now, options_.wait);
  for (auto w = waiters_.rbegin(); w != waiters_.rend() && w->until > latest; ++w)
    w->until = latest;
}

void bulkhead_gate::drop(turns& t, time_point now, bool also_at_now) {
  while (!waiters_.empty()
         && (waiters_.front().until < now || (also_at_now && waiters_.front().until == now))) {
    t.expired.push_back(waiters_.front().number);
    places_.leave(waiters_.front().number);
    waiters_.pop_front();
  }
}

} // namespace troupe
