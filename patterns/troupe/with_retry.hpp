#pragma once

#include <concepts>
#include <functional>
#include <random>
#include <type_traits>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/detail/attempt.hpp>
#include <troupe/policy/retry.hpp>
#include <troupe/result.hpp>

namespace troupe {

namespace detail {

/// Lets a delay pass; false if the context ended before.
using delay_function = std::function<bool(duration, const context&)>;

/// The delays of one call, without the function that is called.
class retry_loop {
public:
  retry_loop(const retry& policy, const context& ctx, delay_function wait);

  /// Whether the context allows an attempt. If not, `failure` says why.
  bool may_start();
  /// Waits after an attempt that failed; false: that was the last, and `failure` is what to answer.
  bool may_repeat(error reason);
  error failure() &&;

private:
  retry_schedule schedule_;
  const context& ctx_;
  delay_function wait_;
  std::minstd_rand rng_;
  error last_;
};

delay_function real_delay();

template <class F>
result<attempt_t<F>> retry_with(F& f, retry_loop loop, const context& ctx) {
  context own = ctx;
  while (loop.may_start()) {
    auto answer = attempt(f, own);
    if (answer || !loop.may_repeat(answer.error()))
      return answer ? std::move(answer)
                    : result<attempt_t<F>>{tl::unexpected{std::move(loop).failure()}};
  }
  return tl::unexpected{std::move(loop).failure()};
}

} // namespace detail

/// Calls `f` until it succeeds, as often and with such delays as `policy` says.
///
///     result<page> p = troupe::with_retry([&] { return fetch(url); },
///                                         troupe::retry{.attempts = 3, .backoff = {20ms, 1s}},
///                                         ctx);
///
/// Shape:  f: U(), result<U>(), or either with a context&, called in the calling thread, one
///         attempt after the other.
/// Bound:  `attempts`, which counts the first.
/// Errors: std::invalid_argument for a policy out of range. Otherwise the error of the last attempt
///         (errc::stage_failed for what it threw), with `attempts()`: attempts are used up, the
///         error is not worth another (see `retry`), or the delay would pass the deadline of ctx,
///         which is not waited for. errc::cancelled or errc::deadline_exceeded if ctx ends before
///         an attempt or during a delay, which then ends at once.
/// Cost:   blocks the calling thread: not for use in an actor or a stage with thread::shared.
template <class F>
requires detail::attemptable<std::decay_t<F>>
auto with_retry(F&& f, const retry& policy, const context& ctx = {})
    -> result<detail::attempt_t<std::decay_t<F>>> {
  return detail::retry_with(f, {policy, ctx, detail::real_delay()}, ctx);
}

template <class F>
requires(!detail::attemptable<std::decay_t<F>>) result<void> with_retry(F&&, const retry&,
                                                                        const context& = {}) {
  static_assert(detail::never<F>,
                "troupe: the function of with_retry takes nothing, or a troupe::context&");
  return {};
}

} // namespace troupe
