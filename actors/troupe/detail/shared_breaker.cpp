#include <troupe/detail/shared_breaker.hpp>

#include <utility>

namespace troupe::detail {

shared_breaker::shared_breaker(circuit_breaker options, clock_function clock, std::string call,
                               std::string run)
    : clock_(std::move(clock)), call_(std::move(call)), run_(std::move(run)),
      machine_(std::move(options)), standing_(machine_.standing_permit()->generation_) {
  machine_.on_event([this](const breaker_event& e) { note(e); });
}

// -- calls -------------------------------------------------------------------------------------

std::optional<permit> shared_breaker::admit(time_point now) {
  // Who sees a period that has just ended was admitted just before: its outcome will be late.
  if (const auto generation = standing_.load(std::memory_order_acquire)) {
    permit p;
    p.generation_ = generation;
    return p;
  }
  return locked([&] { return machine_.admit(now); });
}

std::optional<permit> shared_breaker::admit() {
  if (standing_.load(std::memory_order_acquire) != 0)
    return admit(time_point{}); // which that does not depend on
  return admit(clock_());
}

void shared_breaker::record(const permit& p, troupe::outcome o, duration took, time_point now) {
  locked([&] { machine_.record(p, o, took, now); });
}

void shared_breaker::record(const permit& p, troupe::outcome o, duration took) {
  record(p, o, took, clock_());
}

void shared_breaker::release(const permit& p, time_point now) {
  locked([&] { machine_.release(p, now); });
}

// -- questions and orders ----------------------------------------------------------------------

breaker_state shared_breaker::state() {
  const auto now = clock_();
  return locked([&] { return machine_.state(now); });
}

duration shared_breaker::retry_after(time_point now) {
  return locked([&] { return machine_.retry_after(now); });
}

breaker_snapshot shared_breaker::snapshot() {
  const auto now = clock_();
  return locked([&] { return machine_.snapshot(now); });
}

void shared_breaker::force_open(time_span for_how_long) {
  const auto now = clock_();
  locked([&] { machine_.force_open(now, for_how_long); });
}

void shared_breaker::disable() {
  const auto now = clock_();
  locked([&] { machine_.disable(now); });
}

void shared_breaker::metrics_only() {
  const auto now = clock_();
  locked([&] { machine_.metrics_only(now); });
}

void shared_breaker::half_open() {
  const auto now = clock_();
  locked([&] { machine_.half_open(now); });
}

void shared_breaker::reset() {
  const auto now = clock_();
  locked([&] { machine_.reset(now); });
}

// -- events ------------------------------------------------------------------------------------

void shared_breaker::on_event(listener f) {
  if (!f)
    return;
  auto shared = std::make_shared<const listener>(std::move(f));
  const std::lock_guard lock{mutex_};
  listeners_.push_back(std::move(shared));
}

std::uint64_t shared_breaker::listener_failures() const {
  const std::lock_guard lock{mutex_};
  return failures_;
}

std::uint64_t shared_breaker::dropped_events() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

// Called by the machine, under the lock.
void shared_breaker::note(const breaker_event& e) {
  if (listeners_.empty())
    return;
  if (pending_.size() == most_pending) {
    pending_.pop_front();
    ++dropped_;
  }
  pending_.push_back({e, listeners_.size()});
  pending_.back().event.call = call_;
  pending_.back().event.run = run_;
}

void shared_breaker::settle(std::unique_lock<std::mutex>& lock) {
  const auto p = machine_.standing_permit();
  const auto generation = p ? p->generation_ : 0;
  if (standing_.load(std::memory_order_relaxed) != generation)
    standing_.store(generation, std::memory_order_release);
  if (!pending_.empty() && !delivering_)
    deliver(lock);
}

void shared_breaker::deliver(std::unique_lock<std::mutex>& lock) {
  delivering_ = true;
  while (!pending_.empty()) {
    const auto [event, heard] = pending_.front();
    pending_.pop_front();
    const listeners to(listeners_.begin(), listeners_.begin() + static_cast<std::ptrdiff_t>(heard));
    lock.unlock();
    std::uint64_t failures = 0;
    for (const auto& f : to)
      try {
        (*f)(event);
      } catch (...) {
        ++failures; // its caller wanted to make a call, and cannot know what to do about it
      }
    lock.lock();
    failures_ += failures;
  }
  delivering_ = false;
}

} // namespace troupe::detail
