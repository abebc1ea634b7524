#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/abandonable_call.hpp>
#include <troupe/tools/attempt.hpp>
#include <troupe/tools/held.hpp>

namespace troupe {

/// While so many calls that were given up on are still running, `with_timeout` starts no other.
inline constexpr std::size_t most_abandoned_calls = 64;

/// Calls of `with_timeout` in this process that were given up on and have not come back yet.
std::size_t abandoned_calls();

/// Calls `f`, and waits for its answer no longer than `limit`.
///
///     result<page> p = troupe::with_timeout([url](context& c) { return fetch(url, c); }, 200ms);
///
/// Shape:  f: U(), result<U>(), or either with a context&, called once on a thread of a small pool
///         of the process. A function cannot be killed: after the limit its context is cancelled,
///         the caller goes on, and what f answers later is dropped. Its thread is used again once f
///         has returned. Therefore f must own what it uses: captured by value or in a
///         std::shared_ptr, never by reference to the caller's variables.
/// Bound:  a thread for each caller, `most_abandoned_calls` for calls given up on, 4 idle ones.
///         The process does not end before the calls it gave up on.
/// Errors: errc::timed_out after `limit`; errc::cancelled or errc::deadline_exceeded as soon as ctx
///         ends, which need not have started f; errc::overflow, at once, while too many calls given
///         up on are running; f's own error, errc::stage_failed for what it throws.
/// Cost:   two thread switches, about 10 us. Blocks the calling thread: not for use in an actor or
///         a stage with thread::shared.
template <class F>
requires detail::attemptable<std::decay_t<F>>
auto with_timeout(F&& f, time_span limit, const context& ctx = {})
    -> result<detail::attempt_t<std::decay_t<F>>> {
  using function = std::decay_t<F>;
  struct made { // where it is: to move it may throw
    made(function& f, context& c) : answer(detail::attempt(f, c)) {}
    result<detail::attempt_t<function>> answer;
  };
  struct shared {
    function f;
    std::optional<made> got;
  };
  auto call = std::make_shared<shared>(shared{std::forward<F>(f), {}});
  const auto waited
      = detail::run_abandonable([call](context& c) { call->got.emplace(call->f, c); }, limit, ctx);
  if (!waited)
    return tl::unexpected{waited.error()};
  return detail::handed_on(call->got->answer);
}

template <detail::not_attemptable F>
result<void> with_timeout(F&&, time_span, const context& = {}) {
  static_assert(detail::never<F>,
                "troupe: the function of with_timeout takes nothing, or a troupe::context&");
  return {};
}

} // namespace troupe
