#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include <troupe/detail/invoke.hpp>
#include <troupe/detail/views.hpp>
#include <troupe/kernel/item_kernel.hpp>
#include <troupe/tools/key_list.hpp>
#include <troupe/tools/replace.hpp>

// What the transforms do with an item, as operations of an `item_kernel`.
namespace troupe::detail {

template <class T, class F>
struct filter_op {
  using input = T;
  using output = T;
  F predicate;

  static constexpr bool keeps() noexcept { return true; }
  disposition operator()(T& item, emitter<T>& out, kernel_host& host) {
    if (!call(predicate, std::as_const(item), host.ctx()))
      return disposition::filtered;
    out(std::move(item));
    return disposition::delivered;
  }
};

/// Whether what F answers about an item may be an error.
template <class F, class T>
concept ignores_failure = callable_with<F, const T&> && requires(answer_t<F, const T> answer) {
  answer.error();
  static_cast<bool>(answer);
};

template <class T, class F>
struct tap_op {
  using input = T;
  using output = T;
  F function;

  static constexpr bool keeps() noexcept { return true; }
  disposition operator()(T& item, emitter<T>& out, kernel_host& host) {
    call(function, std::as_const(item), host.ctx());
    out(std::move(item));
    return disposition::delivered;
  }
};

template <class T, class F>
struct flat_map_op {
  using input = T;
  using range = std::remove_cvref_t<answer_t<F, T>>;
  using output = std::ranges::range_value_t<range>;
  using iterator = std::ranges::iterator_t<range>;

  F function;
  bool keep;
  std::optional<range> results = {};
  std::optional<iterator> next = {};

  bool handed_on = false; ///< something of the current item is out: trying again would repeat it

  bool keeps() const noexcept { return can_keep<F, T> && !handed_on; }

  disposition operator()(T& item, emitter<output>& out, kernel_host& host) {
    if (!results)
      begin(item, host);
    try {
      for (; *next != std::ranges::end(*results); ++*next) {
        if (out.full())
          return disposition::again;
        out(element_at<range>(*next));
        handed_on = true;
      }
    } catch (...) {
      end();
      throw;
    }
    end();
    return disposition::delivered;
  }

  void begin(T& item, kernel_host& host) {
    handed_on = false;
    results.emplace(call_on(function, item, keep, host.ctx()));
    next.emplace(std::ranges::begin(*results));
  }
  void end() {
    next.reset();
    results.reset();
  }
};

template <class T>
struct take_op {
  using input = T;
  using output = T;
  std::size_t left;

  bool wants_nothing() const noexcept { return left == 0; }
  disposition operator()(T& item, emitter<T>& out, kernel_host& host) {
    if (left == 0) {
      host.enough();
      return disposition::filtered;
    }
    out(std::move(item));
    if (--left == 0)
      host.enough();
    return disposition::delivered;
  }
};

template <class T, class S, class F>
struct scan_op {
  using input = T;
  using output = S;
  S state;
  F function;

  disposition operator()(T& item, emitter<S>& out, kernel_host&) {
    replace(state, S(std::invoke(function, std::as_const(state), std::move(item))));
    out(std::as_const(state));
    return disposition::delivered;
  }
};

template <class F, class S, class T>
concept folds_in_place
    = std::invocable<F&, S&, T> && std::is_void_v<std::invoke_result_t<F&, S&, T>>;

template <class T, class S, class F>
struct reduce_op {
  using input = T;
  using output = S;
  S state;
  F function;
  std::uint64_t items = 0;

  // The state may be large, so it is never copied. A throw may lose it, and therefore
  // fails the run.
  disposition operator()(T& item, emitter<S>&, kernel_host&) {
    if constexpr (folds_in_place<F, S, T>)
      std::invoke(function, state, std::move(item));
    else
      replace(state, S(std::invoke(function, std::move(state), std::move(item))));
    ++items;
    return disposition::held;
  }
  bool finish(emitter<S>& out, kernel_host& host) {
    out(std::move(state));
    host.counts().deliver(std::exchange(items, 0));
    return true;
  }
};

template <class T, class F>
struct distinct_op {
  using input = T;
  using output = T;
  using key = std::remove_cvref_t<std::invoke_result_t<F&, const T&>>;

  F key_of;
  std::size_t remember;
  key_list<key> seen = {};

  distinct_op(F f, std::size_t most) : key_of(std::move(f)), remember(most) {}

  static constexpr bool keeps() noexcept { return true; }
  disposition operator()(T& item, emitter<T>& out, kernel_host&) {
    const auto& own = std::invoke(key_of, std::as_const(item));
    const typename key_list<key>::probe probe{own};
    if (seen.find(probe) != nullptr)
      return disposition::filtered;
    seen.add(probe);
    if (seen.size() > remember)
      seen.forget(seen.oldest());
    out(std::move(item));
    return disposition::delivered;
  }
};

/// The item as its own key.
struct itself {
  template <class T>
  const T& operator()(const T& item) const noexcept {
    return item;
  }
};

} // namespace troupe::detail
