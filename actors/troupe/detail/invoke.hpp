#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/result.hpp>

// How user functions are looked at: what they take, what they give, and how they are called.
namespace troupe::detail {

template <class T>
inline constexpr bool never = false;

// -- signatures of non-generic functions ---------------------------------------------------------

template <class F>
struct signature; // undefined: generic or overloaded
template <class R, class... A>
struct signature<R(A...)> {
  using result = R;
  using arguments = std::tuple<A...>;
};
template <class R, class... A>
struct signature<R(A...) noexcept> : signature<R(A...)> {};
template <class R, class... A>
struct signature<R (*)(A...)> : signature<R(A...)> {};
template <class R, class... A>
struct signature<R (*)(A...) noexcept> : signature<R(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...)> : signature<R(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) const> : signature<R(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) noexcept> : signature<R(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) const noexcept> : signature<R(A...)> {};
template <class F>
requires requires { &F::operator(); }
struct signature<F> : signature<decltype(&F::operator())> {};

template <class F>
concept has_signature = requires {
  typename signature<std::remove_cvref_t<F>>::result;
};

/// The type of a non-generic function's I-th parameter, without reference.
template <class F, std::size_t I = 0>
using parameter_t = std::remove_cvref_t<
    std::tuple_element_t<I, typename signature<std::remove_cvref_t<F>>::arguments>>;

// -- what a stage function may look like ---------------------------------------------------------

template <class F, class Arg>
concept takes_context = !std::invocable<F&, Arg> && std::invocable<F&, Arg, context&>;

template <class F, class Arg>
concept callable_with = std::invocable<F&, Arg> || std::invocable<F&, Arg, context&>;

/// Whether F accepts an item of type T from a flow.
template <class F, class T>
concept accepts = callable_with<F, T> || callable_with<F, const T&>;

/// Calls `f` with an item, and with the run's context if it wants it.
template <class F, class Arg>
decltype(auto) call(F& f, Arg&& arg, context& ctx) {
  if constexpr (takes_context<F, Arg>)
    return f(std::forward<Arg>(arg), ctx);
  else
    return f(std::forward<Arg>(arg));
}

/// Whether showing the item is as good as giving it away: it costs nothing to copy, or it cannot be
/// copied, so that a function content with a const reference cannot want it.
template <class T>
inline constexpr bool is_shown = std::is_trivially_copyable_v<T> || !std::copy_constructible<T>;

/// How the item is handed over.
template <class F, class T>
using handover_t
    = std::conditional_t<!callable_with<F, T> || (is_shown<T> && callable_with<F, const T&>),
                         const T&, T&&>;

template <class F, class T>
using answer_t = decltype(call(std::declval<F&>(), std::declval<handover_t<F, T>>(),
                               std::declval<context&>()));

// -- what comes out ------------------------------------------------------------------------------

template <class T>
struct unwrapped {
  using type = T;
};
template <class T>
struct unwrapped<std::optional<T>> : unwrapped<T> {};
template <class T>
struct unwrapped<result<T>> : unwrapped<T> {};

/// The item type that results from a function's answer: optional and result are looked through.
template <class T>
using unwrapped_t = typename unwrapped<std::remove_cvref_t<T>>::type;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

} // namespace troupe::detail
