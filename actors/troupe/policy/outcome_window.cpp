#include <troupe/policy/outcome_window.hpp>

#include <troupe/detail/elapsed.hpp>

namespace troupe {

namespace {

constexpr duration::rep grains = 256;

constexpr std::uint8_t failed_bit = 1;
constexpr std::uint8_t slow_bit = 2;

tally as_tally(std::uint8_t bits) noexcept {
  return {1, (bits & failed_bit) != 0 ? 1U : 0U, (bits & slow_bit) != 0 ? 1U : 0U};
}

} // namespace

void call_window::add(bool failed, bool slow) noexcept {
  if (sum_.total == ring_.size())
    sum_ -= as_tally(ring_[next_]);
  ring_[next_] = static_cast<std::uint8_t>((failed ? failed_bit : 0) | (slow ? slow_bit : 0));
  sum_ += as_tally(ring_[next_]);
  next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
}

void call_window::clear() noexcept {
  next_ = 0;
  sum_ = {};
}

// Rounded up: one sum more than there are grains in the span is always enough.
time_window::time_window(time_span span)
    : span_(span), grain_((span.count() - 1) / grains + 1), ring_(grains + 1) {}

void time_window::add(const tally& t, time_point now) noexcept {
  forget(now);
  sum_ += t;
  if (size_ > 0) {
    auto& last = at(size_ - 1);
    if (detail::elapsed(last.begin, now) < grain_) {
      last.counts += t;
      return;
    }
  }
  at(size_) = {now, t};
  ++size_;
}

const tally& time_window::sum(time_point now) noexcept {
  forget(now);
  return sum_;
}

void time_window::clear() noexcept {
  size_ = 0;
  sum_ = {};
}

void time_window::forget(time_point now) noexcept {
  if (size_ > 0 && detail::elapsed(now, at(size_ - 1).begin) >= span_)
    fold(now);
  while (size_ > 0 && detail::elapsed(ring_[first_].begin, now) >= span_) {
    sum_ -= ring_[first_].counts;
    first_ = (first_ + 1) % ring_.size();
    --size_;
  }
}

// After a clock that stepped back far, those ahead of it become one that begins now, or part of one
// less than a grain before: so sums stay a grain apart, and the ring has room for them.
void time_window::fold(time_point now) noexcept {
  tally ahead;
  for (; size_ > 0 && at(size_ - 1).begin > now; --size_)
    ahead += at(size_ - 1).counts;
  sum_ -= ahead;
  add(ahead, now);
}

} // namespace troupe
