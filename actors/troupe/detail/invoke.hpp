#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
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

/// A member of an item type is a function of the item: `&order::id`.
template <class Member>
struct call_operator; // undefined: generic or overloaded
template <class C, class R, class... A>
struct call_operator<R (C::*)(A...)> : signature<R(A...)> {
  using as_function = R(C&, A...);
};
template <class C, class R, class... A>
struct call_operator<R (C::*)(A...) const> : signature<R(A...)> {
  using as_function = R(const C&, A...);
};
template <class C, class R, class... A>
struct call_operator<R (C::*)(A...) noexcept> : call_operator<R (C::*)(A...)> {};
template <class C, class R, class... A>
struct call_operator<R (C::*)(A...) const noexcept> : call_operator<R (C::*)(A...) const> {};

template <class R, class C>
requires std::is_member_object_pointer_v<R C::*>
struct signature<R C::*> : signature<const R&(const C&)> {
};
template <class R, class C>
requires requires { typename call_operator<R C::*>::as_function; }
struct signature<R C::*> : signature<typename call_operator<R C::*>::as_function> {};
template <class F>
requires requires { typename call_operator<decltype(&F::operator())>::as_function; }
struct signature<F> : call_operator<decltype(&F::operator())> {};

/// The parameters of a non-generic function, as a tuple.
template <class F>
using arguments_t = typename signature<std::remove_cvref_t<F>>::arguments;

/// Whether F's first parameter can be told.
template <class F>
concept has_signature = (std::tuple_size_v<arguments_t<F>> > 0);

/// The type of a non-generic function's I-th parameter, without reference.
template <class F, std::size_t I = 0>
using parameter_t = std::remove_cvref_t<std::tuple_element_t<I, arguments_t<F>>>;

/// Whether what it is called with is gone when it has returned.
template <class F>
concept takes_by_value
    = has_signature<F> && !std::is_reference_v<std::tuple_element_t<0, arguments_t<F>>>;

/// For a constructor or function that is to leave U to others.
template <class T, class U>
concept other_than = !std::same_as<std::remove_cvref_t<T>, U>;

/// Anything that can be called, as something that can be copied too.
template <class F>
auto shareable(F f) {
  if constexpr (std::copy_constructible<F>)
    return f;
  else
    return [f = std::make_shared<F>(std::move(f))]<class... A>(
        A && ... arguments) requires std::invocable<F&, A...> {
      return std::invoke(*f, std::forward<A>(arguments)...);
    };
}

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
    return std::invoke(f, std::forward<Arg>(arg), ctx);
  else
    return std::invoke(f, std::forward<Arg>(arg));
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

template <class K>
concept hashable = requires(const K& key) {
  { std::hash<K>{}(key) } -> std::convertible_to<std::size_t>;
};

/// What a key function makes of a T.
template <class F, class T>
using made_key_t = std::remove_cvref_t<std::invoke_result_t<F&, const T&>>;

/// What things can be told apart by.
template <class K>
concept key_type = hashable<K> && std::copy_constructible<K> && requires(const K& a, const K& b) {
  { a == b } -> std::convertible_to<bool>;
};

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

template <class Answer>
concept looked_through = is_result<Answer> || is_optional<Answer>;

/// What a sink may answer: all else would be ignored.
template <class Answer>
concept sink_answer = std::is_void_v<Answer> || looked_through<std::remove_cvref_t<Answer>>;

} // namespace troupe::detail
