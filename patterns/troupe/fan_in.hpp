#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/cast/order_check.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/flow.hpp>
#include <troupe/kernel/merge_kernel.hpp>
#include <troupe/merge.hpp>

namespace troupe {

struct fan_in_options {
  troupe::merge merge = troupe::merge::first_available;
  count buffer
      = default_buffer; ///< most items on each edge into it; the lanes of a fan_out are one
};

namespace detail {

/// The part of a fan_in's node that does not depend on the item type. `inputs`: how many there are.
node fan_in_node(std::string name, const fan_in_options& options, std::size_t inputs);
/// For merge::in_order: that all these branches can be put in order again.
void check_order(const node& join, const std::vector<ends>& parts, const node* split);

/// What `sorted` compares by; empty for any other merge.
template <class T>
comparison<T> comparison_of(const std::string& name, const merge& m) {
  if (m.chosen() == merge::rule::sorted) {
    if (const auto* const less = m.less<T>())
      return *less;
    refuse("fan_in", name, "merge", "sorted by a comparison of another type",
           "a comparison of the item type of the flow");
  }
  const bool reversed = m.chosen() == merge::rule::sorted_in_reverse;
  if (!reversed && m.chosen() != merge::rule::sorted_naturally)
    return {};
  if constexpr (std::totally_ordered<T>) {
    if (reversed)
      return std::greater<T>{};
    return std::less<T>{};
  } else {
    refuse("fan_in", name, "merge", "sorted by the items' own order",
           "items that can be compared by <; or give a comparison");
  }
}

template <class T>
std::function<std::unique_ptr<merge_kernel>()>
merge_maker(const std::string& name, const merge& m, std::size_t inputs,
            const std::vector<std::size_t>& weights) {
  const auto in_turn = [&](merge_order::rule r) {
    return [order = merge_order{r, inputs, weights}] {
      return std::make_unique<turn_merge<T>>(order);
    };
  };
  switch (m.chosen()) {
  case merge::rule::round_robin:
    return in_turn(merge_order::rule::round_robin);
  case merge::rule::weighted:
    return in_turn(merge_order::rule::weighted);
  case merge::rule::priority:
    return in_turn(merge_order::rule::priority);
  case merge::rule::latest:
    return [] { return std::make_unique<latest_merge<T>>(); };
  case merge::rule::sorted:
  case merge::rule::sorted_naturally:
  case merge::rule::sorted_in_reverse:
    return [less = comparison_of<T>(name, m)] { return std::make_unique<sorted_merge<T>>(less); };
  case merge::rule::first_available:
  case merge::rule::in_order:
    break;
  }
  return {};
}

template <class T>
flow<T> merged(std::string name, const fan_in_options& options, const std::vector<ends>& parts,
               const node* split, std::size_t inputs) {
  auto n = fan_in_node(std::move(name), options, inputs);
  n.output = item_type_of<T>();
  const auto less = comparison_of<T>(n.name, options.merge);
  if (const auto& before = parts.front().last.node;
      less && before != nullptr && before->deal.lanes) {
    // The lanes of a fan_out are one stream, and a worker that has nothing would hold up the rest.
    n.join.how = joining::in_order;
    n.join.make_check = [less] { return std::make_unique<sorted_check<T>>(less); };
  } else {
    n.join.sees_all = static_cast<bool>(less);
    n.join.make = merge_maker<T>(n.name, options.merge, inputs, n.join.weights);
  }
  if (n.join.how == joining::in_order) {
    check_order(n, parts, split);
    n.join.restores = split;
  }
  return access::make<T>(join(parts, std::move(n)));
}

struct fan_in_pipe : pipe_tag {
  std::string name;
  fan_in_options options;

  fan_in_pipe(std::string n, fan_in_options o) : name(std::move(n)), options(std::move(o)) {}

  template <class T>
  flow<T> merge(const lanes<T>& l) const {
    const auto& parts = access::parts(l);
    const auto* const split = access::split(l);
    const std::size_t inputs
        = split == nullptr ? parts.front().last.node->workers : count{parts.size()};
    return merged<T>(name, options, parts, split, inputs);
  }

  template <class T>
  auto attach(const flow<T>&) const {
    static_assert(never<T>, "troupe: there is nothing to merge here; fan_in follows a fan_out, "
                            "broadcast or partition, or is given several flows");
    return flow<invalid>{};
  }
};

} // namespace detail

/// Merges lanes into one stream.
///
///     | troupe::fan_out("book", book, {.workers = 8})
///     | troupe::fan_in("receipts", {.merge = troupe::merge::in_order})
///
/// Shape:  lanes<T> -> flow<T>; one actor. See `merge` for the order.
/// Bound:  `buffer` items on the edges into it. first_available, in_order, and sorted behind a
///         fan_out hold nothing of their own: they pass batches on, so the edge behind them is the
///         same one.
/// Errors: std::invalid_argument for weights that do not fit the inputs, a comparison of another
///         type, an empty flow, or in_order behind branches whose stages do not answer item by
///         item. What sorted cannot hand on in order fails the run.
/// Cost:   first_available and in_order look at batches, the others at items (about 3 ns each).
inline detail::fan_in_pipe fan_in(std::string name, fan_in_options options = {}) {
  return {std::move(name), std::move(options)};
}

/// Merges several flows into one; a flow that is given twice runs twice.
///
///     troupe::fan_in("all", {.merge = troupe::merge::priority}, urgent, normal) | …
///
/// Shape:  flow<T>… -> flow<T>; otherwise as above, without merge::in_order.
template <class T, std::same_as<flow<T>>... More>
flow<T> fan_in(std::string name, fan_in_options options, const flow<T>& first,
               const More&... more) {
  if constexpr (std::is_void_v<T>) {
    static_assert(
        detail::never<T>,
        "troupe: the flows of this fan_in already end in sinks; there is nothing to merge");
    return {};
  } else {
    const auto parts
        = detail::independent({detail::access::of(first), detail::access::of(more)...});
    return detail::merged<T>(std::move(name), options, parts, nullptr, parts.size());
  }
}

/// The same for as many flows as there are at run time. Errors: std::invalid_argument for none.
template <class T>
flow<T> fan_in(std::string name, fan_in_options options, const std::vector<flow<T>>& flows) {
  if (flows.empty())
    detail::refuse("fan_in", name, "flows", "none", "at least 1");
  std::vector<detail::ends> given;
  for (const auto& f : flows)
    given.push_back(detail::access::of(f));
  return detail::merged<T>(std::move(name), options, detail::independent(given), nullptr,
                           given.size());
}

namespace detail {

template <class... Flows>
concept some_lanes = (is_lanes<Flows> || ...);
template <class T, class... Flows>
concept not_all_alike
    = sizeof...(Flows) > 0 && !some_lanes<Flows...> && !(std::same_as<Flows, flow<T>> && ...);

} // namespace detail

template <class T, class... More>
requires detail::not_all_alike<T, More...> flow<T> fan_in(std::string, fan_in_options,
                                                          const flow<T>&, const More&...) {
  static_assert(detail::never<T>,
                "troupe: the flows of this fan_in do not all have the same item type");
  return {};
}

template <class... Flows>
requires detail::some_lanes<Flows...> flow<detail::invalid> fan_in(std::string, fan_in_options,
                                                                   const Flows&...) {
  static_assert(sizeof...(Flows) == 0, "troupe: a fan_in is missing; the lanes of a fan_out must "
                                       "be merged before they meet other flows");
  return {};
}

struct zip_options {
  count buffer = default_buffer; ///< most items on each edge into it
};

/// Pairs the n-th items of two flows.
///
///     troupe::zip("pairs", names, numbers, {.buffer = 64})
///
/// Shape:  flow<A>, flow<B> -> flow<std::pair<A, B>>; one actor; ends with the shorter one, of the
///         longer the rest counts as filtered.
/// Bound:  `buffer` items on each edge into it.
template <class A, class B>
flow<std::pair<A, B>> zip(std::string name, const flow<A>& a, const flow<B>& b,
                          zip_options options = {}) {
  if constexpr (std::is_void_v<A> || std::is_void_v<B>) {
    static_assert(detail::never<A>, "troupe: a flow of this zip already ends in a sink");
    return {};
  } else {
    auto n = detail::fan_in_node(std::move(name), {.buffer = options.buffer}, 2);
    n.what = "zip";
    n.how = "";
    n.join.how = detail::joining::by_item;
    n.output = detail::item_type_of<std::pair<A, B>>();
    n.join.make = [] { return std::make_unique<detail::zip_merge<A, B>>(); };
    return detail::access::make<std::pair<A, B>>(
        join(detail::independent({detail::access::of(a), detail::access::of(b)}), std::move(n)));
  }
}

} // namespace troupe
