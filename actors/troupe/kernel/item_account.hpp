#pragma once

#include <cassert>
#include <cstdint>

#include <troupe/metrics.hpp>

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

} // namespace troupe::detail
