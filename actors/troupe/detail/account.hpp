#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include <troupe/metrics.hpp>
#include <troupe/policy/histogram.hpp>

namespace troupe::detail {

/// The counters of one actor, kept by that actor alone. Every item that comes in is in flight until
/// exactly one of the other calls says what became of it.
class account {
public:
  account() = default;
  explicit account(const counters& so_far) : totals_(so_far) {}

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
  void settle(std::uint64_t& outcome, std::uint64_t n) noexcept {
    assert(n <= totals_.in_flight);
    outcome += n;
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
/// identity holds in every sample.
class alignas(64) metric_block {
public:
  void publish(const counters& c, duration busy) noexcept;
  /// Adds this actor's counters and busy time to `out`.
  void add_to(counters& out, duration& busy) const noexcept;

  shared_histogram latency;
  shared_histogram wait;

private:
  static constexpr std::size_t fields = 12;
  std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::uint64_t>, fields> values_{};
};

} // namespace troupe::detail
