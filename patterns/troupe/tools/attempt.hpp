#pragma once

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

#include <troupe/detail/invoke.hpp>
#include <troupe/kernel/kernel.hpp>

// How a function that takes nothing, or a context, is called so that it cannot throw.
namespace troupe::detail {

template <class F>
concept attemptable = std::invocable<F&> || std::invocable<F&, context&>;
template <class F>
concept not_attemptable = !attemptable<std::decay_t<F>>;

/// Looks through a result only: an optional is an answer like any other.
template <class Answer>
struct attempted {
  using type = std::remove_cvref_t<Answer>;
};
template <class T>
struct attempted<result<T>> {
  using type = T;
};

template <class F>
decltype(auto) call_plain(F& f, context& ctx) {
  if constexpr (std::invocable<F&>)
    return f();
  else
    return f(ctx);
}

/// What comes out of `f`, without an answer's reference or result.
template <class F>
using attempt_t = typename attempted<
    std::remove_cvref_t<decltype(call_plain(std::declval<F&>(), std::declval<context&>()))>>::type;

/// The answer of `f`, or why there is none: a returned error, or errc::stage_failed for a throw.
template <class F>
result<attempt_t<F>> attempt(F& f, context& ctx) {
  try {
    if constexpr (std::is_void_v<decltype(call_plain(f, ctx))>) {
      call_plain(f, ctx);
      return {};
    } else {
      return call_plain(f, ctx);
    }
  } catch (...) {
    return tl::unexpected{describe(std::current_exception())};
  }
}

} // namespace troupe::detail
