#pragma once

#include <concepts>
#include <cstddef>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/detail/views.hpp>
#include <troupe/ops/transform_ops.hpp>
#include <troupe/stage.hpp>
#include <troupe/tools/key_list.hpp>

namespace troupe {

/// For transforms that remember what they saw and so run in one actor.
struct serial_options {
  count buffer = default_buffer; ///< most items on the edge into it
  troupe::thread thread = troupe::thread::shared;
};

struct distinct_options {
  count remember = 1 << 20; ///< keys; beyond it the oldest is forgotten, and may pass again
  count buffer = default_buffer;
};

namespace detail {

inline node serial_node(std::string name, std::string_view what, const serial_options& o) {
  auto n = stage_node(std::move(name), what, {.buffer = o.buffer, .thread = o.thread});
  n.answers_each = false;
  return n;
}

/// A pipe whose `attach` is given by a function object; saves a class for each transform.
template <class Attach>
struct pipe_of : pipe_tag {
  Attach attach_to;
  explicit pipe_of(Attach a) : attach_to(std::move(a)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    return attach_to(f);
  }
};

} // namespace detail

/// Passes on the items that `predicate(const T&)` accepts; the others count as filtered.
///
/// Shape:  flow<T> -> flow<T>; options, order and errors as in `stage`.
template <class F>
auto filter(std::string name, F predicate, stage_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (detail::pipe<F>) {
      return detail::wont_run_parts<T>();
    } else if constexpr (std::predicate<F&, const T&> || std::predicate<F&, const T&, context&>) {
      return detail::extend<T>(f, detail::with_kernel(detail::stage_node(name, "filter", options),
                                                      detail::filter_op<T, F>{predicate}));
    } else {
      static_assert(detail::never<T>,
                    "troupe: the predicate of this filter does not accept the item "
                    "type that the flow hands it");
      return flow<detail::invalid>{};
    }
  }};
}

/// Shows each item to `function(const T&)` and passes it on.
///
/// Shape:  flow<T> -> flow<T>; options, order and errors as in `stage`.
template <class F>
auto tap(std::string name, F function, stage_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (detail::pipe<F>) {
      return detail::wont_run_parts<T>();
    } else if constexpr (detail::ignores_failure<F, T>) {
      static_assert(detail::never<T>,
                    "troupe: what the function of a tap answers is ignored, also an error; use a "
                    "stage, which looks at it");
      return flow<detail::invalid>{};
    } else if constexpr (detail::callable_with<F, const T&>) {
      return detail::extend<T>(f, detail::with_kernel(detail::stage_node(name, "tap", options),
                                                      detail::tap_op<T, F>{function}));
    } else {
      static_assert(detail::never<T>,
                    "troupe: the function of this tap does not accept the item type "
                    "that the flow hands it");
      return flow<detail::invalid>{};
    }
  }};
}

/// Passes on every element of the range that `f` makes of an item: none, one or many.
///
/// Shape:  flow<T> -> flow<U> for a range of U, also a lazy one; options, order and errors as in
///         `stage`. Elements are moved out of a range that owns them, and copied from a view.
/// Bound:  elements beyond a batch stay in the range until there is demand; the range itself is
///         the function's to bound.
template <class F>
auto flat_map(std::string name, F function, stage_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (detail::pipe<F>) {
      return detail::wont_run_parts<T>();
    } else if constexpr (!detail::accepts<F, T>) {
      static_assert(detail::never<T>,
                    "troupe: the function of this flat_map does not accept the item "
                    "type that the flow hands it");
      return flow<detail::invalid>{};
    } else if constexpr (!std::ranges::input_range<std::remove_cvref_t<detail::answer_t<F, T>>>) {
      static_assert(detail::never<T>, "troupe: the function of a flat_map must return a range");
      return flow<detail::invalid>{};
    } else {
      using op = detail::flat_map_op<T, F>;
      if constexpr (detail::refers_to<typename op::output, T>) {
        return detail::wont_hand_on_views<T>();
      } else if constexpr (detail::shows_own_parameter<F, T, typename op::range>) {
        static_assert(detail::never<T>,
                      "troupe: the function of this flat_map returns a view into its own "
                      "parameter, which is gone by then; take the item by const reference");
        return flow<detail::invalid>{};
      } else if constexpr (!detail::yields_items<typename op::range>) {
        static_assert(detail::never<T>,
                      "troupe: the range of this flat_map only shows its elements, which cannot be "
                      "copied; return a range that owns them");
        return flow<detail::invalid>{};
      } else {
        return detail::extend<typename op::output>(
            f, detail::with_fresh(detail::stage_node(name, "flat_map", options), [=] {
              return op{function, options.on_error.keeps_item()};
            }));
      }
    }
  }};
}

/// Passes on the first `n` items, then ends the flow behind it and asks the sources for no more;
/// what still comes counts as filtered.
inline auto take(std::string name, std::size_t n, serial_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    return detail::extend<T>(
        f, detail::with_kernel(detail::serial_node(name, "take", options), detail::take_op<T>{n}));
  }};
}

/// Folds the items into a state with `f(const S&, T) -> S` and passes on the state after each.
///
/// Shape:  flow<T> -> flow<S>; one actor; order kept.
/// Errors: a throw fails the run.
template <class S, class F>
auto scan(std::string name, S init, F function, serial_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (detail::refers_to<S, T>) {
      return detail::wont_hand_on_views<T>();
    } else if constexpr (std::is_invocable_r_v<S, F&, const S&, T&&>) {
      return detail::extend<S>(f, detail::with_kernel(detail::serial_node(name, "scan", options),
                                                      detail::scan_op<T, S, F>{init, function}));
    } else {
      static_assert(detail::never<T>,
                    "troupe: the function of this scan does not take the state and "
                    "the item type that the flow hands it");
      return flow<detail::invalid>{};
    }
  }};
}

/// Folds all items into one with `f(S, T) -> S`, or in place with `f(S&, T) -> void`, and passes it
/// on at the end.
///
/// Shape:  flow<T> -> flow<S>: one item, the initial state if nothing came; one actor.
/// Bound:  the state, which is the function's to bound. Items count as in flight until the end.
/// Errors: a throw fails the run.
template <class S, class F>
auto reduce(std::string name, S init, F function, serial_options options = {}) {
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (detail::refers_to<S, T>) {
      return detail::wont_hand_on_views<T>();
    } else if constexpr (std::is_invocable_r_v<S, F&, S, T&&> || detail::folds_in_place<F, S, T>) {
      return detail::extend<S>(f, detail::with_kernel(detail::serial_node(name, "reduce", options),
                                                      detail::reduce_op<T, S, F>{init, function}));
    } else {
      static_assert(detail::never<T>, "troupe: the function of this reduce does not take the state "
                                      "and the item type that the flow hands it");
      return flow<detail::invalid>{};
    }
  }};
}

/// Passes on items whose key (`key(const T&)`, hashable) was not seen before.
///
/// Shape:  flow<T> -> flow<T>; one actor; order kept; repeated ones count as filtered. A key that
///         does not equal itself, as NaN, is never repeated.
/// Bound:  `remember` keys; beyond it the oldest key is forgotten.
template <detail::other_than<distinct_options> K>
auto distinct(std::string name, K key, distinct_options options = {}) {
  detail::check_count("distinct", name, "remember", options.remember);
  return detail::pipe_of{[=]<class T>(const flow<T>& f) {
    if constexpr (!std::invocable<K&, const T&>) {
      static_assert(detail::never<T>,
                    "troupe: the key function of this distinct does not accept the "
                    "item type that the flow hands it");
      return flow<detail::invalid>{};
    } else if constexpr (!detail::key_type<detail::made_key_t<K, T>>) {
      static_assert(detail::never<T>, "troupe: the keys of this distinct need a std::hash, an "
                                      "operator== and a copy; give it a function that makes such a "
                                      "key of an item");
      return flow<detail::invalid>{};
    } else {
      auto n = detail::serial_node(name, "distinct", {.buffer = options.buffer});
      const auto fresh = [key, most = std::size_t{options.remember}] {
        return detail::distinct_op<T, K>{key, most};
      };
      return detail::extend<T>(f, detail::with_fresh(std::move(n), fresh));
    }
  }};
}

/// The same, with the item itself as its key.
inline auto distinct(std::string name, distinct_options options = {}) {
  return distinct(std::move(name), detail::itself{}, options);
}

} // namespace troupe
