#include <troupe/call/chain.hpp>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <troupe/caf/compat.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

[[noreturn]] void refuse_setting(const std::string& name, std::string_view setting,
                                 std::string_view needed) {
  throw std::invalid_argument("call \"" + name + "\": has no " + std::string{needed}
                              + ", and so no " + std::string{setting} + " to configure");
}

} // namespace

// -- making ---------------------------------------------------------------------------------------

std::shared_ptr<shared_budget> call_controls::budget(double share) {
  if (!budget_)
    budget_ = std::make_shared<shared_budget>(share);
  return budget_;
}

std::shared_ptr<retry_state> call_controls::add(const retry& p) {
  const auto shared = budget(p.budget);
  if (retries_.empty()) // a hedge outside of it has none of its own
    shared->set_share(p.budget);
  auto state = std::make_shared<retry_state>(p, shared);
  retries_.push_back(state);
  return state;
}

std::shared_ptr<hedge_state> call_controls::add(const hedge& p) {
  return std::make_shared<hedge_state>(hedge_state{p.max, hedge_delay{p}, budget(retry{}.budget)});
}

std::shared_ptr<shared_breaker> call_controls::add(const circuit_breaker& p) {
  breakers_.push_back(std::make_shared<shared_breaker>(
      p, [clock = clock_reader{*system_}] { return clock.now(); }, name_, run_));
  return breakers_.back();
}

std::shared_ptr<shared_limit> call_controls::add(const limit_policy& p) {
  limits_.push_back(std::make_shared<shared_limit>(p, now(*system_)));
  return limits_.back();
}

std::shared_ptr<shared_bulkhead> call_controls::add(const bulkhead& p) {
  return std::make_shared<shared_bulkhead>(p);
}

std::shared_ptr<timeout_state> call_controls::add(const timeout& p) {
  timeouts_.push_back(std::make_shared<timeout_state>(p));
  return timeouts_.back();
}

std::vector<caf::actor> call_controls::workers() const {
  const std::lock_guard lock{workers_mutex_};
  std::vector<caf::actor> alive;
  std::copy_if(workers_.begin(), workers_.end(), std::back_inserter(alive),
               [](const auto& w) { return w != nullptr; });
  return alive;
}

void call_controls::show_worker(std::size_t i, const caf::actor& actor) {
  const std::lock_guard lock{workers_mutex_};
  if (workers_.size() <= i)
    workers_.resize(i + 1);
  workers_[i] = actor;
}

// -- changing -------------------------------------------------------------------------------------

void call_controls::configure(const settings& s) {
  check(s);
  const auto at = now(*system_);
  for (const auto& l : limits_) {
    if (s.rate)
      l->set_rate(at, *s.rate);
    if (s.burst)
      l->set_burst(at, *s.burst);
  }
  if (s.timeout)
    for (const auto& t : timeouts_)
      t->after.store(s.timeout->count(), std::memory_order_relaxed);
  if (s.attempts)
    for (const auto& r : retries_)
      r->attempts.store(*s.attempts, std::memory_order_relaxed);
}

// Before anything is changed.
void call_controls::check(const settings& s) const {
  const auto where = "call \"" + name_ + "\"";
  if (s.parallel || s.workers)
    refuse_setting(name_, s.parallel ? "parallel" : "workers", "workers that can change");
  if ((s.rate || s.burst) && limits_.empty())
    refuse_setting(name_, s.rate ? "rate" : "burst", "rate_limit");
  if (s.timeout && timeouts_.empty())
    refuse_setting(name_, "timeout", "timeout");
  if (s.attempts && retries_.empty())
    refuse_setting(name_, "attempts", "retry");
  if (s.rate)
    check_limit(where, *s.rate);
  if (s.burst)
    check_limit(where, *s.burst);
  if (s.timeout)
    validate(timeout{*s.timeout}, where + ": timeout");
  if (s.attempts && s.attempts->value() < 1)
    refuse(where, "attempts", std::to_string(s.attempts->value()), "at least 1");
  if (s.attempts)
    check_count(where, "attempts", *s.attempts, 1, largest_count);
}

// -- layers' shared state -------------------------------------------------------------------------

error given_up(error last, std::size_t made, std::size_t most, bool unaffordable) {
  if (unaffordable) {
    const auto text = last.message() + (last.message().empty() ? "" : "; ")
                      + "not tried again, for the retry budget is used up";
    return error{last.code(), last.stage(), text}
        .with_retry_after(last.retry_after())
        .with_attempts(static_cast<int>(made));
  }
  if (made < most || most == 1)
    return std::move(last).with_attempts(static_cast<int>(made));
  const auto text = std::to_string(made) + " attempts failed, the last with: " + to_string(last);
  return error{errc::retries_exhausted, last.stage(), text}.with_attempts(static_cast<int>(made));
}

shared_limit::shared_limit(const limit_policy& p, time_point now)
    : mode_(p.options.mode), bucket_(p.rate, p.options.burst, now) {}

bool shared_limit::allow(time_point now) {
  const std::lock_guard lock{mutex_};
  return bucket_.allow(now);
}

reservation shared_limit::reserve(time_point now, duration longest) {
  const std::lock_guard lock{mutex_};
  return bucket_.reserve(now, 1, longest);
}

void shared_limit::cancel(const reservation& r, time_point now) {
  const std::lock_guard lock{mutex_};
  bucket_.cancel(r, now);
}

duration shared_limit::retry_after(time_point now) {
  const std::lock_guard lock{mutex_};
  return bucket_.retry_after(now);
}

void shared_limit::set_rate(time_point now, rate r) {
  const std::lock_guard lock{mutex_};
  bucket_.set_rate(now, r);
}

void shared_limit::set_burst(time_point now, amount burst) {
  const std::lock_guard lock{mutex_};
  bucket_.set_burst(now, burst);
}

shared_bulkhead::entry shared_bulkhead::enter(time_point now) {
  const std::lock_guard lock{mutex_};
  return gate_.enter(now);
}

void shared_bulkhead::wait_for(ticket t, std::function<void()> granted) {
  const std::lock_guard lock{mutex_};
  waiting_.emplace(t, std::move(granted));
}

void shared_bulkhead::cancel(ticket t) {
  const std::lock_guard lock{mutex_};
  gate_.cancel(t);
  waiting_.erase(t);
}

// Those whose time is over are told so by their own timers. One that is refused further inside
// leaves while it is told: the next is told here, and not from there, however many wait.
void shared_bulkhead::leave(time_point now) {
  std::unique_lock lock{mutex_};
  for (const auto t : gate_.leave(now).admitted)
    if (auto found = waiting_.extract(t))
      granted_.push_back(std::move(found.mapped()));
  if (telling_)
    return;
  telling_ = true;
  while (!granted_.empty()) {
    const auto f = std::move(granted_.front());
    granted_.pop_front();
    lock.unlock();
    f();
    lock.lock();
  }
  telling_ = false;
}

} // namespace troupe::detail
