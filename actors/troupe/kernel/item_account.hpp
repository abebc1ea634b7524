#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <troupe/metrics.hpp>
#include <troupe/policy/histogram.hpp>

namespace troupe::detail {

/// The counters of one actor, kept by that actor alone. Every item that comes in is in flight until
/// exactly one of the other calls says what became of it.
class item_account {
public:
  item_account() = default;
  explicit item_account(const counters& so_far) : totals_(so_far) {}

  void receive(std::uint64_t n) noexcept {
    totals_.received += n;
    totals_.in_flight += n;
  }
  void emit(std::uint64_t n) noexcept { totals_.emitted += n; }
  void deliver(std::uint64_t n) noexcept { settle(totals_.delivered, n); }
  void filter(std::uint64_t n) noexcept { settle(totals_.filtered, n); }
  void drop(std::uint64_t n) noexcept { settle(totals_.dropped, n); }
  void shed(std::uint64_t n) noexcept { settle(totals_.shed, n); }
  void fail(std::uint64_t n) noexcept { settle(totals_.failed, n); }
  /// The function was made anew.
  void restart() noexcept { ++totals_.restarts; }
  /// Somebody else will receive what is still in flight.
  void give_back_rest() noexcept {
    totals_.received -= totals_.in_flight;
    totals_.in_flight = 0;
  }
  void abandon(std::uint64_t n) noexcept { settle(totals_.abandoned, n); }
  /// Everything that is still in flight is given up.
  void abandon_rest() noexcept { settle(totals_.abandoned, totals_.in_flight); }

  const counters& totals() const noexcept { return totals_; }

private:
  void settle(std::uint64_t& end, std::uint64_t n) noexcept {
    assert(n <= totals_.in_flight);
    end += n;
    totals_.in_flight -= n;
  }

  counters totals_;
};

/// A histogram that one thread writes while others read: relaxed loads and stores, no locked
/// instruction. A reader may see a record half done, which moves a count, never corrupts one.
class shared_histogram {
public:
  void record(std::uint64_t value, std::uint64_t times) noexcept {
    bump(counts_[histogram::bucket_of(value)], times);
    bump(sum_, value * times);
    if (value > max_.load(std::memory_order_relaxed))
      max_.store(value, std::memory_order_relaxed);
  }
  void add_to(histogram& out) const noexcept {
    for (std::size_t i = 0; i < histogram::size; ++i)
      out.add(i, counts_[i].load(std::memory_order_relaxed));
    out.add_totals(sum_.load(std::memory_order_relaxed), max_.load(std::memory_order_relaxed));
  }

private:
  static void bump(std::atomic<std::uint64_t>& x, std::uint64_t n) noexcept {
    x.store(x.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, histogram::size> counts_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

/// What one actor shows to the outside: written by it alone, once per batch, read by anybody.
/// A sequence count makes the counters of one publication readable as a whole, so the accounting
/// identity holds in every sample. What it is in the middle of is told by a few more stores, so
/// that a function that does not return is seen.
class alignas(64) metric_block {
public:
  /// Also: no function is running.
  void publish(const counters& c, duration busy) noexcept;
  /// A function is called. Since `busy_since` the actor has worked without having published it.
  void begin_call(time_point busy_since, time_point call_since, std::uint64_t in_flight) noexcept {
    // Release, so that whoever sees one of these also sees what was published before.
    in_hand_.store(in_flight, std::memory_order_release);
    busy_since_.store(ticks(busy_since), std::memory_order_release);
    call_since_.store(ticks(call_since), std::memory_order_release);
  }
  /// The call has returned, and the next one begins.
  void next_call(time_point since) noexcept {
    call_since_.store(ticks(since), std::memory_order_release);
  }

  /// Adds what this actor has published to `out`.
  void add_to(counters& out, duration& busy) const noexcept;
  /// The same as it is at `now`, with what it is in the middle of; the time so far of the call that
  /// has not returned, if there is one.
  std::optional<duration> add_live_to(counters& out, duration& busy, time_point now) const noexcept;

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
  };

  static duration::rep ticks(time_point t) noexcept {
    return std::chrono::duration_cast<duration>(t.time_since_epoch()).count();
  }
  picture read() const noexcept;

  std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::uint64_t>, fields> values_{};
  std::atomic<duration::rep> busy_since_{0};
  std::atomic<duration::rep> call_since_{0};
  std::atomic<std::uint64_t> in_hand_{0}; ///< items in flight
};

} // namespace troupe::detail
