#pragma once

#include <concepts>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <troupe/detail/invoke.hpp>

// Which ranges have elements of their own, and what refers to elements of others.
namespace troupe::detail {

/// Whether a range's elements belong to it: what only shows them is not const as a whole.
template <class R>
consteval bool owns_elements() {
  if constexpr (!std::is_lvalue_reference_v<std::ranges::range_reference_t<R>>)
    return true; // made for whoever asks
  else if constexpr (std::ranges::input_range<const R>)
    return std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<const R>>>;
  else
    return !std::ranges::view<R> && !std::ranges::borrowed_range<R>;
}

/// The element, moved out of the range if it is the range's own to give.
template <class R>
decltype(auto) element_at(std::ranges::iterator_t<R>& at) {
  if constexpr (std::is_lvalue_reference_v<std::ranges::range_reference_t<R>> && owns_elements<R>())
    return std::ranges::iter_move(at);
  else
    return *at;
}

/// Whether the items can be had, from a range that only shows its elements by copying.
template <class R>
concept yields_items = std::constructible_from < std::ranges::range_value_t<R>,
decltype(element_at<R>(std::declval<std::ranges::iterator_t<R>&>())) > ;

/// Whether `U` may be a view into an item of type T, which is gone when `U` is looked at: as far as
/// the types tell.
template <class U, class T>
struct may_refer_to : std::false_type {};

template <class U, class T>
inline constexpr bool refers_to
    = !std::ranges::borrowed_range<T> && !std::is_pointer_v<T> && may_refer_to<U, T>::value;

template <class C, class Traits, class T>
struct may_refer_to<std::basic_string_view<C, Traits>, T>
    : std::bool_constant<std::constructible_from<std::basic_string_view<C, Traits>, T&>> {};
template <class E, std::size_t N, class T>
struct may_refer_to<std::span<E, N>, T>
    : std::bool_constant<std::constructible_from<std::span<E, N>, T&>> {};
template <class R, class T>
struct may_refer_to<std::ranges::ref_view<R>, T> : std::is_same<std::remove_const_t<R>, T> {};

template <class A, class B, class T>
struct may_refer_to<std::pair<A, B>, T>
    : std::disjunction<may_refer_to<std::remove_const_t<A>, T>, may_refer_to<B, T>> {};
template <class... U, class T>
struct may_refer_to<std::tuple<U...>, T> : std::disjunction<may_refer_to<U, T>...> {};
template <class... U, class T>
struct may_refer_to<std::variant<U...>, T> : std::disjunction<may_refer_to<U, T>...> {};
template <class U, class T>
struct may_refer_to<std::optional<U>, T> : may_refer_to<U, T> {};

template <class U>
concept range_of_itself = std::same_as<std::ranges::range_value_t<U>, U>; // as a path of paths
template <class U>
concept container = std::ranges::input_range<U> && !std::ranges::view<U> && !range_of_itself<U>;
template <container U, class T>
struct may_refer_to<U, T> : may_refer_to<std::ranges::range_value_t<U>, T> {};

/// `filter_view<ref_view<R>, F>` and its like refer to what they are made of.
template <template <class...> class View, class Base, class... More, class T>
requires std::ranges::view<Base> && std::ranges::view<View<Base, More...>>
struct may_refer_to<View<Base, More...>, T> : may_refer_to<Base, T> {
};

/// Whether what F makes of a T may be a view into what is gone when F has returned: its parameter,
/// or what was made to call it.
template <class F, class T, class U>
consteval bool refers_to_parameter() {
  if constexpr (has_signature<F>) {
    using parameter = parameter_t<F>;
    constexpr bool own
        = takes_by_value<F> || !(std::same_as<parameter, T> || std::derived_from<T, parameter>);
    return own && refers_to<U, parameter>;
  } else {
    return false;
  }
}
template <class F, class T, class U>
concept shows_own_parameter = refers_to_parameter<F, T, U>();

/// The same of what is looked at when the item is gone, too.
template <class F, class T, class U>
concept outlives_item = !refers_to<U, T> && !shows_own_parameter<F, T, U>;

} // namespace troupe::detail
