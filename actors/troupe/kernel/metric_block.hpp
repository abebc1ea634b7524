#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <troupe/metrics.hpp>
#include <troupe/phase.hpp>
#include <troupe/policy/histogram.hpp>

namespace troupe::detail {

/// A histogram that one thread writes while others read: relaxed loads and stores, no locked
/// instruction. A reader may see a record half done, which moves a count, never corrupts one.
///
/// Bound: 24 bytes before the first record.
class shared_histogram {
public:
  shared_histogram() = default;
  shared_histogram(const shared_histogram&) = delete;
  shared_histogram& operator=(const shared_histogram&) = delete;
  ~shared_histogram() { delete counts_.load(std::memory_order_relaxed); }

  void record(std::uint64_t value, std::uint64_t times) noexcept {
    auto* const counts = counts_.load(std::memory_order_relaxed);
    if (counts == nullptr)
      return record_first(value, times);
    bump((*counts)[histogram::bucket_of(value)], times);
    bump(sum_, value * times);
    if (value > max_.load(std::memory_order_relaxed))
      max_.store(value, std::memory_order_relaxed);
  }
  void add_to(histogram& out) const noexcept;

private:
  using buckets = std::array<std::atomic<std::uint64_t>, histogram::size>;

  static void bump(std::atomic<std::uint64_t>& x, std::uint64_t n) noexcept {
    x.store(x.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void record_first(std::uint64_t value, std::uint64_t times) noexcept;

  std::atomic<buckets*> counts_{nullptr};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

/// A call of user code: when it began, and what for.
struct call_begin {
  time_point busy_since{}; ///< since then the actor has worked without having published it
  time_point at{};
  duration expected{}; ///< a call counts as one of the slow ones from then on
  std::uint64_t in_flight = 0;
  std::uint64_t first_item = 0; ///< which of these it is at, nobody knows
  std::uint64_t last_item = 0;
};

/// What one actor shows to the outside: written by it alone, once per batch, read by anybody.
/// A sequence count makes the counters of one publication readable as a whole, so the accounting
/// identity holds in every sample. What it is in the middle of is told by a few more stores, so
/// that a function that does not return is seen.
class alignas(64) metric_block {
public:
  /// Also: no function is running.
  void publish(const counters& c, duration busy) noexcept;
  /// A function is called.
  void begin_call(const call_begin& call) noexcept {
    // Release, so that whoever sees one of these also sees what was published before.
    in_hand_.store(call.in_flight, std::memory_order_release);
    first_item_.store(call.first_item, std::memory_order_release);
    last_item_.store(call.last_item, std::memory_order_release);
    expected_.store(call.expected.count(), std::memory_order_release);
    busy_since_.store(ticks(call.busy_since), std::memory_order_release);
    call_since_.store(ticks(call.at), std::memory_order_release);
  }
  /// The call has returned, and that for the next item begins.
  void next_call(time_point since, std::uint64_t item) noexcept {
    first_item_.store(item, std::memory_order_relaxed);
    last_item_.store(item, std::memory_order_relaxed);
    call_since_.store(ticks(since), std::memory_order_release);
  }
  /// What the actor does while no function is running.
  void stand(const actor_sample& what) noexcept;

  /// Adds what this actor has published to `out`.
  void add_to(counters& out, duration& busy) const noexcept;

  /// An actor as it is at an instant, with what it is in the middle of.
  struct look {
    counters totals;
    duration busy{};
    std::optional<duration>
        slow_for{}; ///< of a call that has not returned, beyond what was expected
    actor_sample actor{};
  };
  look look_at(time_point now) const noexcept;

  shared_histogram latency;
  shared_histogram wait;

private:
  static constexpr std::size_t fields = 12;

  struct picture {
    counters totals;
    duration busy{};
    duration::rep busy_since = 0; ///< 0: no function is running
    duration::rep call_since = 0;
    std::uint64_t in_hand = 0;
    actor_sample actor{};
  };

  static duration::rep ticks(time_point t) noexcept {
    return std::chrono::duration_cast<duration>(t.time_since_epoch()).count();
  }
  static time_point time(duration::rep ticks) noexcept { return time_point{duration{ticks}}; }
  picture read() const noexcept;

  std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::uint64_t>, fields> values_{};
  std::atomic<duration::rep> busy_since_{0};
  std::atomic<duration::rep> call_since_{0};
  std::atomic<duration::rep> expected_{0};
  std::atomic<std::uint64_t> in_hand_{0}; ///< items in flight
  std::atomic<std::uint64_t> first_item_{0};
  std::atomic<std::uint64_t> last_item_{0};
  std::atomic<phase> stands_{phase::idle};
  std::atomic<duration::rep> stands_since_{0};
  std::atomic<duration::rep> stands_until_{0}; ///< 0: nobody knows
};

static_assert(sizeof(metric_block) <= 2048, "an actor that never had an item costs no more");

} // namespace troupe::detail
