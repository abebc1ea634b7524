#pragma once

#include <memory>
#include <string>

#include <caf/fwd.hpp>

#include <troupe/context.hpp>
#include <troupe/limit_policy.hpp>
#include <troupe/policy/token_bucket.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/blocking_wait.hpp>

namespace troupe {

namespace detail {
class limiter_state;
} // namespace detail

/// A rate limit that threads share: a `token_bucket` behind a lock, on the system's clock.
///
///     troupe::limiter api{sys, "api", troupe::per_second(10), {.burst = 5}};
///     if (api.allow()) ...                          // never waits
///     if (auto turn = api.wait(2, ctx); !turn) ...  // waits; turn.error() says why not
///     auto r = api.reserve();                       // act at r.act_at(), or api.cancel(r)
///
/// Shape:  callable from any thread; neither copied nor moved. Reservations and waits act in the
///         order in which they asked; `allow` gets what they leave.
/// Bound:  no window of length d holds more than burst + rate x d; each waiter is a blocked thread.
/// Errors: std::invalid_argument for a rate <= 0, a burst < 1 or an n < 0. `take` and `wait`:
///         errc::rate_limited, with `retry_after`: the permits are not there, or would come after
///         the deadline of ctx; zero if n is more than the burst, which no waiting helps. `wait`
///         also gives errc::cancelled or errc::deadline_exceeded from ctx, which ends it at once
///         and gives its reservation back. A refusal takes nothing.
/// Cost:   about 50 ns: a lock and a reading of the clock. `wait` blocks the calling thread: not
///         for use in an actor or a stage with thread::shared. Under CAF's testing scheduler it
///         drives it, in virtual time.
/// Source: golang.org/x/time/rate.
class limiter {
public:
  /// Of the options, `burst` counts here.
  limiter(caf::actor_system& sys, std::string name, rate r, rate_limit_options options = {});
  limiter(const limiter&) = delete;
  limiter& operator=(const limiter&) = delete;
  ~limiter();

  /// Whether `n` may act now, which then is taken to have been done.
  bool allow(amount n = 1);
  /// The same; a refusal says when to come again.
  [[nodiscard]] result<void> take(amount n = 1);
  /// When `n` may act; not ok if they never may.
  reservation reserve(amount n = 1);
  void cancel(const reservation& r);
  /// Returns when `n` may act.
  [[nodiscard]] result<void> wait(amount n = 1, const context& ctx = detail::never_cancelled());
  [[nodiscard]] result<void> wait(const context& ctx) { return wait(1, ctx); }

  /// From now on; reservations already made keep their instant.
  void set_rate(rate r);
  void set_burst(amount burst);

  const std::string& name() const noexcept;
  /// How many permits there are; less than 0 with reservations ahead.
  double tokens() const;

private:
  std::unique_ptr<detail::limiter_state> state_;
};

} // namespace troupe
