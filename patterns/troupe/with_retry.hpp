#pragma once

#include <type_traits>

#include <troupe/context.hpp>
#include <troupe/policy/retry.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/attempt.hpp>
#include <troupe/tools/retry_loop.hpp>

namespace troupe {

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

template <detail::not_attemptable F>
result<void> with_retry(F&&, const retry&, const context& = {}) {
  static_assert(detail::never<F>,
                "troupe: the function of with_retry takes nothing, or a troupe::context&");
  return {};
}

} // namespace troupe
