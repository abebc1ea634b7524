#include <troupe/policy/token_bucket.hpp>

#include <algorithm>
#include <limits>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

constexpr std::string_view me = "token_bucket";
constexpr double most_permits = std::numeric_limits<double>::max();

using detail::earlier;
using detail::elapsed;
using detail::later;

void check_rate(const rate& r) {
  if (!(r.per_second() >= 0.0))
    detail::refuse(me, "rate", to_string(r), "at least 0 per second");
}

double checked(std::string_view option, amount given) {
  if (!(given.value() >= 0.0 && given.value() <= most_permits))
    detail::refuse(me, option, detail::as_text(given.value()), "a number, at least 0");
  return given.value();
}

} // namespace

duration reservation::delay(time_point now) const noexcept {
  return ok_ ? elapsed(now, act_at_) : duration::max();
}

token_bucket::token_bucket(troupe::rate r, amount burst, time_point now)
    : rate_(r), burst_(checked("burst", burst)), tokens_(burst_), last_(now), last_act_(now),
      refilled_to_(time_point::min()) {
  check_rate(rate_);
  measure();
}

// Enough for a million additions of fractions, and far less than what comes in a nanosecond.
void token_bucket::measure() noexcept {
  const double scale = std::max(1.0, burst_);
  const double least = 8 * std::numeric_limits<double>::epsilon() * scale;
  rounding_ = std::max(least, std::min(1e-12 * scale, rate_.permits_in(duration{1}) / 2));
}

token_bucket::level token_bucket::at(time_point now) const {
  const auto from = std::max(last_, refilled_to_);
  if (now <= from)
    return {std::min(tokens_, burst_), refilled_to_};
  const double more = rate_.permits_in(elapsed(from, now));
  const double room = burst_ - tokens_;
  if (more < room)
    return {tokens_ + more, now};
  // The bucket was full before: what did not fit has not come, should the clock step back.
  return {burst_, std::min(now, later(from, rate_.time_for(room)))};
}

void token_bucket::keep(const level& l, time_point now) noexcept {
  tokens_ = l.tokens;
  refilled_to_ = l.refilled_to;
  last_ = now;
}

double token_bucket::tokens(time_point now) const { return at(now).tokens; }

duration token_bucket::wait_for(double n, double tokens) const {
  const double missing = n - tokens;
  // Half of it: after that time, computed again, no more than the other half may be missing.
  return missing <= rounding_ ? duration::zero() : rate_.time_for(missing - rounding_ / 2);
}

reservation token_bucket::take(time_point now, double n, duration max_wait) {
  reservation r;
  if (rate_.is_unlimited()) {
    r.ok_ = true;
    r.act_at_ = now;
    return r;
  }
  auto filled = at(now);
  const auto wait = wait_for(n, filled.tokens);
  const auto at_once = wait == duration::zero();
  const auto when = later(now, wait);
  if (n > burst_ || wait > max_wait || (when == time_point::max() && !at_once)) // that is never
    return r;
  r.ok_ = true;
  r.permits_ = n;
  r.act_at_ = when;
  r.rate_ = rate_;
  filled.tokens -= n;
  keep(filled, now);
  last_act_ = r.act_at_;
  return r;
}

bool token_bucket::allow(time_point now, amount n) {
  return take(now, checked("n", n), duration::zero()).ok();
}

reservation token_bucket::reserve(time_point now, amount n) {
  return take(now, checked("n", n), duration::max());
}

reservation token_bucket::reserve(time_point now, amount n, time_span max_wait) {
  return take(now, checked("n", n), max_wait);
}

std::size_t token_bucket::allow_up_to(time_point now, time_point until, std::size_t most) {
  if (rate_.is_unlimited())
    return most;
  if (burst_ < 1.0)
    return 0;
  auto filled = at(now);
  // Each one that waits takes what comes at once, so that up to `until` nothing overflows.
  const double there = filled.tokens + rate_.permits_in(elapsed(now, until)) + rounding_;
  if (!(there >= 1.0))
    return 0;
  const auto n = there < static_cast<double>(most) ? static_cast<std::size_t>(there) : most;
  const auto taken = static_cast<double>(n);
  last_act_ = later(now, wait_for(taken, filled.tokens));
  filled.tokens -= taken;
  keep(filled, now);
  return n;
}

void token_bucket::cancel(const reservation& r, time_point now) {
  if (!r.ok_ || r.given_back_ || rate_.is_unlimited() || r.permits_ == 0.0 || r.act_at_ < now)
    return;
  r.given_back_ = true;
  // What was reserved after `r` came to stand on its permits, and has been promised.
  const double back = r.permits_ - r.rate_.permits_in(elapsed(r.act_at_, last_act_));
  if (back <= 0.0)
    return;
  auto filled = at(now);
  filled.tokens += back;
  keep(filled, now);
  if (r.act_at_ != last_act_)
    return;
  if (const auto before = earlier(r.act_at_, r.rate_.time_for(r.permits_)); before >= now)
    last_act_ = before;
}

duration token_bucket::retry_after(time_point now, amount n) const {
  const double wanted = checked("n", n);
  if (rate_.is_unlimited())
    return duration::zero();
  return wanted > burst_ ? duration::max() : wait_for(wanted, tokens(now));
}

void token_bucket::set_rate(time_point now, troupe::rate r) {
  check_rate(r);
  keep(at(now), now);
  rate_ = r;
  measure();
}

void token_bucket::set_burst(time_point now, amount burst) {
  const double size = checked("burst", burst);
  keep(at(now), now);
  burst_ = size;
  measure();
}

void check_limit(std::string_view where, const rate& r) {
  if (!(r.per_second() > 0.0))
    detail::refuse(where, "rate", to_string(r), "more than 0 per second");
}

void check_limit(std::string_view where, amount burst) {
  if (!(burst.value() >= 1.0 && burst.value() <= most_permits))
    detail::refuse(where, "burst", detail::as_text(burst.value()), "a number, at least 1");
}

} // namespace troupe
