#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/histogram.hpp>

namespace troupe {

/// Makes a second attempt when the first takes long; the first acceptable answer wins.
///
///     troupe::hedge{.after = 50ms}          // after a fixed delay
///     troupe::hedge{.at_quantile = 0.95}    // when 95 % of recent calls would have been answered
///
/// Units:  with both, `after` is the delay until there is a quantile.
/// Errors: std::invalid_argument for options out of range, thrown at composition.
struct hedge {
  time_span after = {};   ///< more than 0; zero: only by the quantile
  count max = 1;          ///< attempts beyond the first, 1 to 100
  double at_quantile = 0; ///< more than 0 and less than 1; zero: only by the delay
};

void validate(const hedge& options, std::string_view where = "hedge");

/// How long to wait for an answer before the next attempt.
///
///     troupe::hedge_delay d{{.at_quantile = 0.95}};
///     d.record(took, now);          // one that was answered
///     d.record_lost(so_far, now);   // one that another attempt was faster than, or that failed
///     if (auto delay = d.next(now)) { ... }
///
/// Shape:  a plain value, no clock. The quantile is one of the last calls: of 1,000 to 2,000, or of
///         the last 30 s to 60 s where these are fewer. Below `least_samples` answers there is
///         none: then the delay is `after`, and without that there is no hedge. A lost attempt
///         would have taken at least its time so far; how long, those tell that took longer. Were
///         there too few of these to tell the quantile, it is twice the longest time.
/// Bound:  two pairs of histograms, 10 KB.
/// Units:  the delay is at most 6.25 % above the quantile, never below it, and follows within 16
///         calls. Times below zero count as zero.
/// Errors: std::invalid_argument from the constructor.
/// Source: "The Tail at Scale", Dean and Barroso; the product-limit estimator of Kaplan and Meier.
class hedge_delay {
public:
  explicit hedge_delay(hedge options);

  /// How long an attempt took that was answered.
  void record(time_span took, time_point now) noexcept;
  /// How long one took that was not: an answer would have taken longer.
  void record_lost(time_span so_far, time_point now) noexcept;

  /// Nothing: no hedge.
  std::optional<duration> next(time_point now) noexcept;

  /// How many calls make a quantile: 20, or more where it is so high that 20 have none:
  /// 100 for 0.99.
  std::uint64_t least_samples() const noexcept { return least_; }

private:
  /// Attempts by how long they took, in the buckets of a histogram.
  struct sample {
    std::array<std::uint32_t, histogram::size> answered{};
    std::array<std::uint32_t, histogram::size> lost{};
    std::uint64_t answers = 0;
    std::uint64_t losses = 0;
  };

  void rotate(time_point now) noexcept;
  duration quantile() const noexcept;

  hedge options_;
  std::uint64_t least_ = 0;
  sample recent_;
  sample before_;
  std::optional<time_point> began_; // recent_
  std::optional<duration> quantile_;
  std::uint64_t since_quantile_ = 0;
};

} // namespace troupe
