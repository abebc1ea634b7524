#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <troupe/detail/invoke.hpp>
#include <troupe/detail/views.hpp>

namespace troupe {

namespace detail {

// The answer of a chain whose steps may filter or fail: result around optional around the value.
template <class Answer, class Next>
auto then(Answer&& answer, Next& next) {
  using plain = std::remove_cvref_t<Answer>;
  if constexpr (is_result<plain>) {
    using rest = decltype(then(*std::forward<Answer>(answer), next));
    using whole = std::conditional_t<is_result<rest>, rest, result<rest>>;
    if (!answer)
      return whole{tl::unexpect, std::forward<Answer>(answer).error()};
    return whole{then(*std::forward<Answer>(answer), next)};
  } else if constexpr (is_optional<plain>) {
    using rest = decltype(then(*std::forward<Answer>(answer), next));
    if constexpr (is_result<rest>) {
      using inner = std::optional<unwrapped_t<rest>>;
      if (!answer)
        return result<inner>{inner{}};
      auto r = then(*std::forward<Answer>(answer), next);
      if (!r)
        return result<inner>{tl::unexpect, std::move(r).error()};
      return result<inner>{inner{*std::move(r)}};
    } else {
      using whole = std::conditional_t<is_optional<rest>, rest, std::optional<rest>>;
      return answer ? whole{then(*std::forward<Answer>(answer), next)} : whole{};
    }
  } else {
    return std::invoke(next, std::forward<Answer>(answer));
  }
}

template <class... F>
struct fused_function;

template <class F>
struct fused_function<F> {
  F function;

  template <class T>
  requires std::invocable<F&, T>
  decltype(auto) operator()(T&& item) { return std::invoke(function, std::forward<T>(item)); }
};

/// Whether F takes a T, and `Rest` what F makes of it.
template <class F, class T, class Rest>
concept step_before
    = std::invocable<F&, T> && std::invocable<Rest&, unwrapped_t<std::invoke_result_t<F&, T>>>;

template <class F, class... Rest>
struct fused_function<F, Rest...> {
  F function;
  fused_function<Rest...> rest;

  template <class T>
  requires step_before<F, T, fused_function<Rest...>>
  auto operator()(T&& item) {
    static_assert(
        !shows_own_parameter<F, std::remove_cvref_t<T>, unwrapped_t<std::invoke_result_t<F&, T>>>,
        "troupe: a step of this fused returns a view into its own parameter, which is "
        "gone when the next one begins; take the item by const reference");
    return then(std::invoke(function, std::forward<T>(item)), rest);
  }
};

} // namespace detail

/// Several functions as one, so that one actor runs them all: `stage("x", fused(parse, check))`.
///
/// A step may return std::optional (nothing ends it there: filtered) or troupe::result (an error
/// ends it there: failed), as in a stage of its own. Saves a hop for each step but the first.
template <class F>
detail::fused_function<std::decay_t<F>> fused(F&& f) {
  return {std::forward<F>(f)};
}

template <class F, class... Rest>
detail::fused_function<std::decay_t<F>, std::decay_t<Rest>...> fused(F&& f, Rest&&... rest) {
  return {std::forward<F>(f), troupe::fused(std::forward<Rest>(rest)...)};
}

} // namespace troupe
