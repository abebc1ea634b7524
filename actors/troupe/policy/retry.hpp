#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <troupe/count.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/error.hpp>
#include <troupe/policy/backoff.hpp>

namespace troupe {

/// How delays between attempts are spread: callers who failed together should not return together.
///
/// none:         the delay of the backoff itself (its `factor` applies here only).
/// full:         uniform between zero and that delay.
/// decorrelated: uniform between the backoff's min and three times the last delay, up to its max.
enum class jitter { none, full, decorrelated };

/// Tries a failed call again: how often, how long to wait in between, and after which errors.
///
///     on_error::retry({.attempts = 3, .backoff = {20ms, 1s}}, on_error::skip)
///
/// Units:  `attempts` counts the first one. A backoff.min of zero never waits.
/// Errors: std::invalid_argument for options out of range, thrown at composition. The refusals
///         breaker_open, rate_limited, pool_full and cancelled are retried only if `retry_if` says
///         so; it is asked about every error but `closed`, which is never retried: what has ended
///         does not come back.
/// Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
struct retry {
  count attempts = 3;
  troupe::backoff backoff = {std::chrono::milliseconds{20}, std::chrono::seconds{1}};
  troupe::jitter jitter = troupe::jitter::full;
  std::function<bool(const error&)> retry_if = {}; // empty: every error but refusals
  double budget = 0.2; // of a `call`: further attempts as a share of its calls, see retry_budget
};

/// Throws std::invalid_argument for an option out of range, naming it, its value and the range;
/// `where` says whose option it is.
inline void validate(const retry& r, std::string_view where = "retry");

/// Decides after each failed attempt of one call whether and when there is another.
///
///     troupe::retry_schedule tries{options};
///     while (const auto wait = tries.next(failure, rng)) { ... }
///
/// Shape:  a plain value, one per call; no clock: the caller waits, bounded by its context.
/// Errors: std::invalid_argument from the constructor, as `validate`.
class retry_schedule {
public:
  explicit retry_schedule(const retry& r) : retry_(r), backoff_(r.backoff) {
    validate(retry_);
    if (retry_.jitter != jitter::none)
      backoff_.factor = 0.0;
    reset();
  }

  /// The wait before the next attempt, or nothing: attempts are used up, or `e` is not worth
  /// another. It is never less than the error's `retry_after`; one beyond the backoff's maximum
  /// ends the call, since the caller would wait longer than the options allow. What is random in
  /// the delay comes on top of it: all who were refused at once were told the same.
  template <std::uniform_random_bit_generator Rng>
  std::optional<duration> next(const error& e, Rng& rng) {
    if (++failed_ >= retry_.attempts || !wanted(e) || e.retry_after() > retry_.backoff.max)
      return std::nullopt;
    const auto wait = delay(rng);
    if (e.retry_after() <= duration::zero())
      return wait.sum();
    return std::max(wait.sum(), delay_parts{e.retry_after(), wait.random}.sum());
  }

  /// Attempts that were made, and failed.
  std::size_t attempts() const noexcept { return failed_; }

  /// Begins another call with the same options.
  void reset() noexcept {
    failed_ = 0;
    backoff_.step = retry_.backoff.step;
    previous_ = retry_.backoff.min;
  }

private:
  struct delay_parts {
    duration fixed;
    duration random;
    duration sum() const {
      return random > duration::max() - fixed ? duration::max() : fixed + random;
    }
  };

  bool wanted(const error& e) const {
    if (e.code() == errc::closed)
      return false;
    if (retry_.retry_if)
      return retry_.retry_if(e);
    switch (e.code()) {
    case errc::breaker_open:
    case errc::rate_limited:
    case errc::pool_full:
    case errc::cancelled:
      return false; // trying again at once is what the refusal was meant to prevent
    default:
      return true;
    }
  }

  template <class Rng>
  delay_parts delay(Rng& rng) {
    switch (retry_.jitter) {
    case jitter::full:
      return {duration::zero(), between(duration::zero(), backoff_.next(rng), rng)};
    case jitter::decorrelated:
      previous_ = between(retry_.backoff.min, tripled(previous_), rng);
      return {duration::zero(), previous_};
    case jitter::none:
      break;
    }
    auto plain = backoff_;
    plain.factor = 0.0;
    const duration base = plain.next(rng);
    return {base, backoff_.next(rng) - base};
  }

  duration tripled(duration d) const {
    const duration max = retry_.backoff.max;
    return d > max / 3 ? max : d * 3;
  }

  template <class Rng>
  static duration between(duration low, duration high, Rng& rng) {
    const double rnd = std::generate_canonical<double, std::numeric_limits<double>::digits>(rng);
    const double part = rnd * static_cast<double>((high - low).count());
    // Beyond 2^53 ns a double rounds, possibly upwards and out of range.
    return part < static_cast<double>((high - low).count())
               ? low + duration{static_cast<duration::rep>(part)}
               : high;
  }

  retry retry_;
  backoff backoff_;
  std::size_t failed_ = 0;
  duration previous_{};
};

inline void validate(const retry& r, std::string_view where) {
  using detail::as_text;
  const auto& pause = r.backoff;
  if (r.attempts.value() < 1)
    detail::refuse(where, "attempts", std::to_string(r.attempts.value()), "at least 1");
  detail::check_count(where, "attempts", r.attempts, 1, detail::largest_count);
  detail::check_not_negative(where, "backoff.min", pause.min);
  if (pause.max < pause.min)
    detail::refuse(where, "backoff.max", as_text(pause.max),
                   "at least backoff.min, " + as_text(pause.min));
  if (!(r.budget >= 0.0))
    detail::refuse(where, "budget", as_text(r.budget), "at least 0");
  if (!(pause.factor >= 0.0 && pause.factor <= 1.0))
    detail::refuse(where, "backoff.factor", as_text(pause.factor), "0 to 1");
}

} // namespace troupe
