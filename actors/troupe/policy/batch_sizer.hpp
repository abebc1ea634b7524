#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <troupe/error.hpp>

namespace troupe {

/// Learns how many items a batch should hold so that handling it takes about a target time.
///
///     troupe::batch_sizer size{1024};
///     auto batch = take(size.want());
///     size.record(batch.size(), time_of([&] { handle(batch); }));
///
/// Shape:  a plain value, one per worker; no clock.
/// Units:  items; the target is the time for one batch: short enough that a batch delays nobody,
///         long enough that passing it on (about a microsecond) costs little beside it.
/// Errors: std::invalid_argument for a capacity of 0 or a target <= 0. A record of no items, or of
///         a time below zero (a clock stepped back), is ignored.
/// Source: slow start of TCP for the growth: from 1, at most doubling with each record.
class batch_sizer {
public:
  explicit batch_sizer(std::size_t capacity, time_span target = std::chrono::microseconds{250})
      : capacity_(capacity), target_(target) {
    if (capacity < 1)
      throw std::invalid_argument{"batch_sizer: capacity = 0, needs at least 1"};
    if (target <= duration::zero())
      throw std::invalid_argument{"batch_sizer: target = " + std::to_string(target.count())
                                  + " ns, needs more than 0 ns"};
  }

  /// Always wants `n`, or `capacity` if that is less; still measures the time per item.
  static batch_sizer fixed(std::size_t n, std::size_t capacity) {
    if (n < 1)
      throw std::invalid_argument{"batch_sizer: size = 0, needs at least 1"};
    batch_sizer size{capacity};
    size.want_ = std::min(n, capacity);
    size.fixed_ = true;
    return size;
  }

  void record(std::size_t items, time_span elapsed) {
    if (items == 0 || elapsed < duration::zero())
      return;
    learn(static_cast<double>(elapsed.count()) / static_cast<double>(items));
    if (!fixed_)
      want_ = fitting(want_ > capacity_ / 2 ? capacity_ : want_ * 2);
  }

  /// Items for the next batch: 1..capacity.
  std::size_t want() const noexcept { return want_; }

  /// The time per item, smoothed; zero before the first record.
  duration per_item() const noexcept {
    if (per_item_ >= static_cast<double>(duration::max().count())) // rounded up: does not fit
      return duration::max();
    return duration{static_cast<duration::rep>(std::max(per_item_, 0.0))};
  }

private:
  // A batch that is too long delays everyone behind it, one too short costs a little throughput: so
  // believe in slow items quickly, in fast ones only after some batches.
  void learn(double sample) {
    constexpr double rise = 1.0 / 2;
    constexpr double fall = 1.0 / 8;
    if (per_item_ < 0.0)
      per_item_ = sample;
    else
      per_item_ += (sample - per_item_) * (sample > per_item_ ? rise : fall);
  }

  // How many items fit into the target; at least 1, at most `limit`.
  std::size_t fitting(std::size_t limit) const {
    const auto target = static_cast<double>(target_.count());
    if (per_item_ * static_cast<double>(limit) <= target) // also guards the division from zero
      return limit;
    return std::max<std::size_t>(static_cast<std::size_t>(target / per_item_), 1);
  }

  std::size_t capacity_;
  duration target_;
  std::size_t want_ = 1;
  double per_item_ = -1.0; // below zero: nothing recorded yet
  bool fixed_ = false;
};

} // namespace troupe
