#include <troupe/policy/breaker_machine.hpp>

#include <algorithm>
#include <utility>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

// A threshold that was computed, 1 - 0.9, should open where it is meant to.
constexpr double rounding = 1e-9;

std::uint64_t number(count n) noexcept { return static_cast<std::uint64_t>(n.value()); }

bool reaches(std::uint64_t part, std::uint64_t total, double threshold) noexcept {
  return static_cast<double>(part) >= (threshold - rounding) * static_cast<double>(total);
}

} // namespace

breaker_machine::breaker_machine(circuit_breaker options) : options_(std::move(options)) {
  validate(options_);
  minimum_calls_ = number(options_.minimum_calls);
  needed_trials_ = std::min(minimum_calls_, number(options_.trials));
  cooldown_ = options_.cooldown;
  if (options_.window.is_by_time()) {
    times_.emplace(options_.window.span());
  } else {
    const auto size = number(options_.window.calls());
    calls_.emplace(size);
    minimum_calls_ = std::min(minimum_calls_, size);
  }
}

// -- calls -------------------------------------------------------------------------------------

std::optional<permit> breaker_machine::standing_permit() const noexcept {
  if (!passes_all())
    return std::nullopt;
  permit p;
  p.generation_ = generation_;
  return p;
}

std::optional<permit> breaker_machine::admit(time_point now) {
  if (passes_all())
    return standing_permit();
  advance(now);
  if (passes_all()) // half_open has ended well
    return standing_permit();
  if (const auto limit = refuses_for(); limit && detail::elapsed(since_, now) >= *limit)
    enter(breaker_state::half_open, now);
  auto p = state_ == breaker_state::half_open ? admit_trial(now) : std::nullopt;
  if (!p)
    ++not_permitted_;
  return p;
}

bool breaker_machine::trials_are_out(time_point now) const noexcept {
  return leases_.size() + trials_.total >= number(options_.trials)
         && (leases_.empty() || detail::elapsed(leases_.front().given, now) < lease_length());
}

// A lease that is too old loses its place only to someone who wants it.
std::optional<permit> breaker_machine::admit_trial(time_point now) {
  if (trials_are_out(now))
    return std::nullopt;
  if (leases_.size() + trials_.total >= number(options_.trials))
    leases_.pop_front();
  permit p;
  p.generation_ = generation_;
  p.trial_ = ++last_trial_;
  leases_.push_back({p.trial_, now});
  return p;
}

void breaker_machine::record(const permit& p, outcome o, time_span took, time_point now) {
  if (o == outcome::ignored)
    return release(p, now);
  advance(now);
  if (state_ == breaker_state::disabled)
    return;
  const tally t{1, o == outcome::failure ? 1U : 0U, took > options_.slow_after ? 1U : 0U};
  if (p.generation_ != generation_)
    record_late(p, t, now);
  else if (state_ == breaker_state::half_open)
    end_lease(p) ? record_trial(t, now) : record_late(p, t, now);
  else
    record_call(t, now);
}

void breaker_machine::release(const permit& p, time_point now) {
  advance(now);
  end_lease(p); // numbers of trials are not used twice
}

bool breaker_machine::end_lease(const permit& p) {
  const auto it = std::lower_bound(leases_.begin(), leases_.end(), p.trial_,
                                   [](const lease& l, std::uint64_t t) { return l.trial < t; });
  if (it == leases_.end() || it->trial != p.trial_)
    return false;
  leases_.erase(it);
  return true;
}

void breaker_machine::record_late(const permit& p, const tally& t, time_point now) {
  ++late_;
  if (state_ == breaker_state::open && p.generation_ == shown_generation_)
    add(t, now);
}

void breaker_machine::record_trial(const tally& t, time_point now) {
  trials_ += t;
  if (trials_.total >= needed_trials_)
    decide_trials(now);
}

// None at all reaches every threshold: nothing is known of what was called, so it is not trusted.
void breaker_machine::decide_trials(time_point at) {
  const auto v = rates(trials_);
  if (v.failing || v.slow)
    open(at);
  else
    enter(breaker_state::closed, at);
}

void breaker_machine::record_call(const tally& t, time_point now) {
  add(t, now);
  const auto v = judge(sum(now));
  if (state_ == breaker_state::closed) {
    if (v.failing || v.slow)
      open(now);
    return;
  }
  const auto period = generation_; // which a listener may end
  if (v.failing && !std::exchange(failing_published_, true))
    publish(breaker_event_kind::failure_rate_exceeded, state_, now);
  if (v.slow && period == generation_ && !std::exchange(slow_published_, true))
    publish(breaker_event_kind::slow_rate_exceeded, state_, now);
}

// -- what has been seen ------------------------------------------------------------------------

void breaker_machine::add(const tally& t, time_point now) {
  if (shown_ == shown::trials)
    trials_ += t;
  else if (times_)
    times_->add(t, now);
  else
    calls_->add(t.failed > 0, t.slow > 0);
}

const tally& breaker_machine::sum(time_point now) {
  static constexpr tally nothing;
  if (shown_ == shown::none)
    return nothing;
  if (shown_ == shown::trials)
    return trials_;
  return times_ ? times_->sum(now) : calls_->sum();
}

std::uint64_t breaker_machine::minimum() const noexcept {
  return shown_ == shown::trials ? needed_trials_ : minimum_calls_;
}

breaker_machine::verdict breaker_machine::judge(const tally& t) const noexcept {
  return t.total < minimum() ? verdict{} : rates(t);
}

breaker_machine::verdict breaker_machine::rates(const tally& t) const noexcept {
  return {reaches(t.failed, t.total, options_.failure_rate),
          reaches(t.slow, t.total, options_.slow_rate)};
}

breaker_snapshot breaker_machine::snapshot(time_point now) {
  advance(now);
  const tally& t = sum(now);
  breaker_snapshot s;
  if (t.total >= minimum()) {
    s.failure_rate = static_cast<double>(t.failed) / static_cast<double>(t.total);
    s.slow_rate = static_cast<double>(t.slow) / static_cast<double>(t.total);
  }
  s.buffered = t.total;
  s.failed = t.failed;
  s.slow = t.slow;
  s.not_permitted = not_permitted_;
  s.late = late_;
  return s;
}

breaker_state breaker_machine::state(time_point now) {
  advance(now);
  return state_;
}

duration breaker_machine::retry_after(time_point now) {
  advance(now);
  auto limit = refuses_for();
  auto since = since_;
  if (state_ == breaker_state::half_open && trials_are_out(now)) {
    limit = lease_length();
    if (options_.half_open_max_wait == duration::zero())
      since = leases_.front().given;
  }
  return limit ? std::max(*limit - detail::elapsed(since, now), duration::zero())
               : duration::zero();
}

std::optional<duration> breaker_machine::refuses_for() const noexcept {
  switch (state_) {
  case breaker_state::open:
    return cooldown_;
  case breaker_state::forced_open:
    return forced_for_ < duration::max() ? std::optional{forced_for_} : std::nullopt;
  default:
    return std::nullopt;
  }
}

} // namespace troupe
