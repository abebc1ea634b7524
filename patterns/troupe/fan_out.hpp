#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/dispatch.hpp>
#include <troupe/kernel/dispatch_kernel.hpp>
#include <troupe/stage.hpp>

namespace troupe {

struct fan_out_options {
  count workers = 1;                   ///< actors that run the function at the same time
  dispatch to = dispatch::round_robin; ///< who gets the next item
  count buffer = default_buffer;       ///< most items on the edge to all workers together
  batch_size batch = automatic;        ///< items handled at a time
  troupe::on_error on_error = troupe::on_error::stop;
  restart_intensity intensity = restart_intensity::never(); ///< as in stage_options
  troupe::thread thread = troupe::thread::shared;
};

namespace detail {

/// The weights as numbers. Errors: std::invalid_argument unless there are as many as `parties`, all
/// at least 1.
std::vector<std::size_t> check_weights(std::string_view what, const std::string& name,
                                       const std::vector<count>& weights, std::size_t parties);

/// The part of a fan_out's node that does not depend on the item type.
node fan_out_node(std::string name, const fan_out_options& options);

template <class T, class Choose>
auto dispatch_maker(Choose choose) {
  return [choose] { return std::make_unique<choosing_dispatch<T, Choose>>(choose); };
}

/// What stands before a part of a flow while it is looked at.
node stand_in();
/// The workers of this fan_out run what the one stage of that flow, behind a `stand_in`, runs.
/// Errors: std::invalid_argument for more than one stage.
void take_part(node& n, const ends& part);

template <class T>
inline constexpr bool is_lanes = false;
template <class T>
inline constexpr bool is_lanes<lanes<T>> = true;

template <class T>
void deal_items(node& n, const dispatch& to) {
  if (to.has_key()) {
    const auto* const hash = to.hash<T>();
    if (hash == nullptr)
      refuse("fan_out", n.name, "to", "by_key of a function of another type",
             "a key function that takes the item type of the flow");
    n.deal.how = dealing::by_key;
    n.deal.make = dispatch_maker<T>(choose_by_key<T>{*hash});
  } else if (to.chosen() == dispatcher::rule::round_robin
             || to.chosen() == dispatcher::rule::weighted) {
    n.deal.make = dispatch_maker<T>(choose_in_turn{n.deal.weights});
  }
}

template <class F>
struct fan_out_pipe : pipe_tag {
  std::string name;
  F function;
  fan_out_options options;

  fan_out_pipe(std::string n, F f, fan_out_options o)
      : name(std::move(n)), function(std::move(f)), options(std::move(o)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    if constexpr (pipe<F>) {
      return attach_part(f);
    } else if constexpr (!std::copy_constructible<F>) {
      static_assert(never<T>, "troupe: a fan_out's function must be copyable: each worker gets a "
                              "copy (share what cannot be copied through a std::shared_ptr)");
      return access::make_lanes<invalid>({});
    } else if constexpr (!accepts<F, T>) {
      static_assert(never<T>, "troupe: the function of this fan_out does not accept the item type "
                              "that the flow hands it");
      return access::make_lanes<invalid>({});
    } else if constexpr (std::is_void_v<unwrapped_t<answer_t<F, T>>>) {
      static_assert(never<T>, "troupe: the function of a fan_out must return a value; use a sink "
                              "with consumers for one that returns nothing");
      return access::make_lanes<invalid>({});
    } else if constexpr (!outlives_item<F, T, unwrapped_t<answer_t<F, T>>>) {
      wont_hand_on_views<T>();
      return access::make_lanes<invalid>({});
    } else {
      using op = map_op<T, F>;
      auto n = fan_out_node(name, options);
      deal_items<T>(n, options.to);
      n.output = item_type_of<typename op::output>();
      n = with_kernel(std::move(n), op{function, options.on_error.keeps_item()});
      return access::make_lanes<typename op::output>({append(access::of(f), std::move(n))});
    }
  }

private:
  template <class T>
  auto attach_part(const flow<T>& f) const {
    const auto given = function.attach(begin_flow<T>(stand_in()));
    if constexpr (!requires { typename decltype(given)::item; } || is_lanes<decltype(given)>) {
      static_assert(never<T>, "troupe: the workers of a fan_out can run a function or one stage, "
                              "such as a call; this part is more");
      return access::make_lanes<invalid>({});
    } else {
      using made = typename decltype(given)::item;
      if constexpr (std::is_void_v<made>) {
        static_assert(never<T>, "troupe: the workers of a fan_out must hand something on; use a "
                                "sink with consumers");
        return access::make_lanes<invalid>({});
      } else {
        auto n = fan_out_node(name, options);
        deal_items<T>(n, options.to);
        n.output = item_type_of<made>();
        take_part(n, access::of(given));
        return access::make_lanes<made>({append(access::of(f), std::move(n))});
      }
    }
  }
};

} // namespace detail

/// Deals items out to several workers, each running a copy of `f`.
///
///     | troupe::fan_out("book", book, {.workers = 8, .to = troupe::dispatch::least_loaded})
///     | troupe::fan_in("receipts")
///
/// Shape:  flow<T> -> lanes<U>, a lane for each worker; f as in `stage`, or one stage, such as a
///         `call`, which keeps its own on_error. A distributor and `workers` actors; what they make
///         is merged by the `fan_in` that must follow, in its order.
/// Bound:  `buffer` items on the edge to all workers together (at least one for each).
/// Errors: std::invalid_argument for workers, buffer, batch or weights out of range, or a key of
///         another item type. An item that f throws on goes where `on_error` says. What a dead
///         worker has not dealt with goes to the others and counts as redelivered; with none left
///         the run fails.
/// Cost:   round_robin, weighted and by_key look at every item (about 2 ns); the others pass whole
///         batches on. by_key in front of merge::in_order or sorted sends a batch for each change
///         of worker.
template <class F>
detail::fan_out_pipe<std::decay_t<F>> fan_out(std::string name, F&& f,
                                              fan_out_options options = {}) {
  return {std::move(name), std::forward<F>(f), std::move(options)};
}

} // namespace troupe
