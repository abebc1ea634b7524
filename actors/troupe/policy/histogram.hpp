#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace troupe {

/// A log-linear histogram of durations in nanoseconds: 16 sub-buckets per power of two.
///
/// Bound:  592 counters (4.7 KB), whatever is recorded.
/// Units:  nanoseconds; 0 to 2^40 (18 minutes), larger values count in the last bucket.
/// Errors: a quantile is at most 6.25 % above the recorded value, never below it.
/// Source: the bucket layout of HdrHistogram.
class histogram {
public:
  static constexpr std::size_t sub_buckets = 16;
  static constexpr std::size_t size = 592;

  /// The bucket that counts `value`.
  static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < sub_buckets)
      return static_cast<std::size_t>(value);
    const auto power = static_cast<std::size_t>(std::bit_width(value)) - 1;
    const auto sub = static_cast<std::size_t>(value >> (power - 4)) & (sub_buckets - 1);
    const auto bucket = (power - 3) * sub_buckets + sub;
    return bucket < size ? bucket : size - 1;
  }

  /// The largest value that `bucket` counts.
  static constexpr std::uint64_t upper_bound(std::size_t bucket) noexcept {
    if (bucket < sub_buckets)
      return bucket;
    const auto power = bucket / sub_buckets + 3;
    const auto sub = bucket % sub_buckets;
    return ((sub_buckets + sub + 1) << (power - 4)) - 1;
  }

  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    counts_[bucket_of(value)] += times;
    count_ += times;
    sum_ += value * times;
    if (value > max_)
      max_ = value;
  }

  /// Adds `times` values to `bucket` without touching sum and maximum: see `set_totals`.
  void add(std::size_t bucket, std::uint64_t times) noexcept {
    counts_[bucket] += times;
    count_ += times;
  }
  void add_totals(std::uint64_t sum, std::uint64_t max) noexcept {
    sum_ += sum;
    if (max > max_)
      max_ = max;
  }

  void merge(const histogram& other) noexcept {
    for (std::size_t i = 0; i < size; ++i)
      counts_[i] += other.counts_[i];
    count_ += other.count_;
    add_totals(other.sum_, other.max_);
  }

  /// What was recorded after `earlier`, an older copy of this histogram. The maximum is the upper
  /// bound of the highest bucket that grew, since the old maximum may lie before `earlier`.
  histogram since(const histogram& earlier) const noexcept {
    histogram diff;
    for (std::size_t i = 0; i < size; ++i) {
      diff.counts_[i] = counts_[i] - earlier.counts_[i];
      if (diff.counts_[i] > 0)
        diff.max_ = upper_bound(i) < max_ ? upper_bound(i) : max_;
    }
    diff.count_ = count_ - earlier.count_;
    diff.sum_ = sum_ - earlier.sum_;
    return diff;
  }

  /// The value that a share of `q` (0..1) of all recorded ones does not exceed; 0 when empty.
  std::uint64_t quantile(double q) const noexcept {
    if (count_ == 0)
      return 0;
    const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1)) + 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < size; ++i) {
      seen += counts_[i];
      if (seen >= rank)
        return upper_bound(i) < max_ ? upper_bound(i) : max_;
    }
    return max_;
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t sum() const noexcept { return sum_; }
  std::uint64_t max() const noexcept { return max_; }
  std::uint64_t mean() const noexcept { return count_ == 0 ? 0 : sum_ / count_; }

private:
  std::array<std::uint64_t, size> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

} // namespace troupe
