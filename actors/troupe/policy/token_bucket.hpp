#pragma once

#include <cstddef>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/policy/rate.hpp>

namespace troupe {

/// The right to act at a later instant, from `token_bucket::reserve`.
class reservation {
public:
  /// A refused one.
  reservation() = default;

  bool ok() const noexcept { return ok_; }
  /// When to act; never (time_point::max()) if it is not ok.
  time_point act_at() const noexcept { return act_at_; }
  /// How long from `now` until then.
  duration delay(time_point now) const noexcept;

private:
  friend class token_bucket;

  bool ok_ = false;
  mutable bool given_back_ = false; ///< a second cancel must not give the same permits again
  double permits_ = 0;              ///< what it took from the bucket
  time_point act_at_ = time_point::max();
  troupe::rate rate_ = unlimited(); ///< at which the permits come that it took in advance
};

/// Decides who may act so that no more than burst + rate x d do in any time of length d.
///
///     troupe::token_bucket b{per_second(10), 2, now};
///     if (b.allow(now)) ...                       // never waits
///     auto r = b.reserve(now, 2);                 // act at r.act_at(), or
///     b.cancel(r, now);                           // give it back before that
///
/// Shape:  a plain value, no clock, no lock: a bucket of at most `burst` permits that starts full;
///         reservations take it below zero. A refusal takes nothing. Rate and burst may change at
///         any time: reservations already made keep their instant.
/// Units:  permits, fractions included; instants in nanoseconds, rounded up.
/// Errors: std::invalid_argument for a rate, a burst or an n that is not a number or below 0. A
///         rate of 0 never refills, a burst of 0 refuses all but n = 0; more than the burst is
///         refused, unless the rate is unlimited, which refuses nothing.
/// Clock:  one that steps back refills nothing, and no stretch of time is refilled from twice.
/// Cost:   about 10 ns.
/// Source: golang.org/x/time/rate (Limiter, Reservation).
class token_bucket {
public:
  token_bucket(troupe::rate r, amount burst, time_point now);

  /// Whether `n` may act now, which then is taken to have been done.
  bool allow(time_point now, amount n = 1);
  /// As many of `most` as may act by `until`, one after the other, from `now` on.
  std::size_t allow_up_to(time_point now, time_point until, std::size_t most);

  /// When `n` may act. Not ok if they never may, or not within `max_wait`.
  reservation reserve(time_point now, amount n = 1);
  reservation reserve(time_point now, amount n, time_span max_wait);
  /// Gives back what `r` took, less what later reservations already built on it. No effect once
  /// `act_at` has passed, or for the second time.
  void cancel(const reservation& r, time_point now);

  /// How many permits there are; less than 0 with reservations ahead.
  double tokens(time_point now) const;
  /// How long from `now` until `allow(n)` would say yes if nobody else came;
  /// duration::max(): for ever.
  duration retry_after(time_point now, amount n = 1) const;

  void set_rate(time_point now, troupe::rate r);
  void set_burst(time_point now, amount burst);
  const troupe::rate& rate() const noexcept { return rate_; }
  double burst() const noexcept { return burst_; }

private:
  struct level {
    double tokens;
    time_point refilled_to;
  };

  level at(time_point now) const;
  duration wait_for(double n, double tokens) const;
  reservation take(time_point now, double n, duration max_wait);
  void keep(const level& l, time_point now) noexcept;
  void measure() noexcept;

  troupe::rate rate_;
  double burst_;
  double tokens_;
  double rounding_ = 0;    ///< a deficit below this is an error of the arithmetic, not one
  time_point last_;        ///< when `tokens_` was right
  time_point last_act_;    ///< the latest instant given to anybody
  time_point refilled_to_; ///< nothing more comes from before this
};

/// Throws std::invalid_argument for what nobody means as a limit on a call or a flow: a rate of 0
/// or less, a burst below 1. `where` says whose options they are.
void check_limit(std::string_view where, const rate& r);
void check_limit(std::string_view where, amount burst);

} // namespace troupe
