#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <troupe/detail/refusal.hpp>
#include <troupe/error.hpp>
#include <troupe/policy/outcome_window.hpp>

namespace troupe {

/// How many attempts there may be beyond the first ones of all calls: when most calls fail, retries
/// and hedges would multiply the load on what is failing already.
///
///     troupe::retry_budget b{0.2};
///     b.call(now);           // a call begins, with its first attempt
///     if (b.take(now)) {     // may there be another attempt?
///       ...
///       b.finished();        // it is over
///     }
///
/// Shape:  a plain value, one for all calls of a service; no clock. An attempt is granted while
///         those granted in the last 10 s, it included, are at most `ratio` of the calls begun in
///         the last 10 s. Where there are too few calls for that to allow `floor` attempts (below
///         15, with 0.2 and 3), it is also granted while fewer than `floor` are under way.
/// Bound:  17 KB.
/// Units:  the ten seconds are kept to 80 ms, on the strict side. A clock that steps back gives
///         nothing back.
/// Errors: std::invalid_argument for a ratio below 0. An infinite ratio grants all.
/// Cost:   constant.
/// Source: the retry budget of Envoy (20 %, at least 3 at a time), over a window as Finagle's.
class retry_budget {
public:
  static constexpr duration span = std::chrono::seconds{10};

  explicit retry_budget(double ratio = 0.2, std::size_t floor = 3, std::string_view where = "retry")
      : ratio_(ratio), floor_(floor), calls_(span), extra_(span) {
    if (!(ratio >= 0.0))
      detail::refuse(where, "budget", detail::as_text(ratio), "at least 0");
    // Sums of extra attempts are forgotten early by less than a grain: so they are kept that much
    // longer, and then none is forgotten within the span.
    extra_ = time_window{span + 2 * calls_.grain()};
  }

  /// A call begins. Its first attempt needs no leave.
  void call(time_point now) noexcept { calls_.add({.total = 1}, now); }

  /// Whether there may be another attempt; true: it begins, and `finished` ends it.
  bool take(time_point now) noexcept {
    const auto calls = static_cast<double>(calls_.sum(now).total);
    const auto extra = static_cast<double>(extra_.sum(now).total) + 1.0;
    const double allowed = std::isinf(ratio_) ? ratio_ : ratio_ * calls + rounding;
    const bool few_calls = allowed < static_cast<double>(floor_);
    if (extra > allowed && !(few_calls && under_way_ < floor_))
      return false;
    extra_.add({.total = 1}, now);
    ++under_way_;
    return true;
  }

  /// An attempt that `take` granted is over.
  void finished() noexcept {
    if (under_way_ > 0)
      --under_way_;
  }

  std::size_t under_way() const noexcept { return under_way_; }

private:
  static constexpr double rounding = 1e-9; // 0.2 x 15 should be no less than 3

  double ratio_;
  std::size_t floor_;
  time_window calls_;
  time_window extra_;
  std::size_t under_way_ = 0;
};

} // namespace troupe
