#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <troupe/error.hpp>

namespace troupe {

/// How many outcomes there were, and of which kind.
struct tally {
  std::uint64_t total = 0;
  std::uint64_t failed = 0;
  std::uint64_t slow = 0;

  tally& operator+=(const tally& t) noexcept {
    total += t.total;
    failed += t.failed;
    slow += t.slow;
    return *this;
  }
  tally& operator-=(const tally& t) noexcept {
    total -= t.total;
    failed -= t.failed;
    slow -= t.slow;
    return *this;
  }
  friend bool operator==(const tally&, const tally&) = default;
};

/// The last `n` outcomes.
///
/// Bound:  n bytes.
/// Cost:   constant.
class call_window {
public:
  /// At least 1.
  explicit call_window(std::size_t n) : ring_(n) {}

  void add(bool failed, bool slow) noexcept;
  const tally& sum() const noexcept { return sum_; }
  void clear() noexcept;

private:
  std::vector<std::uint8_t> ring_;
  std::size_t next_ = 0;
  tally sum_;
};

/// The outcomes of the last `span`; one exactly `span` old is gone.
///
/// Bound:  at most 257 sums, 32 bytes each. What comes within span/256 after the first outcome of a
///         sum joins it and is forgotten with it: early by less than that, never late.
/// Cost:   constant, over many calls. `now` that steps back loses nothing: what lies ahead counts
///         as just now.
/// Source: Resilience4j's SlidingTimeWindowMetrics, whose buckets are seconds of the wall clock;
///         these begin with an outcome, and fit any span.
class time_window {
public:
  /// More than 0.
  explicit time_window(time_span span);

  void add(const tally& t, time_point now) noexcept;
  const tally& sum(time_point now) noexcept;
  void clear() noexcept;
  duration grain() const noexcept { return grain_; }

private:
  struct entry {
    time_point begin;
    tally counts;
  };

  entry& at(std::size_t i) noexcept { return ring_[(first_ + i) % ring_.size()]; }
  void forget(time_point now) noexcept;
  void fold(time_point now) noexcept;

  duration span_;
  duration grain_;
  std::vector<entry> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  tally sum_;
};

} // namespace troupe
