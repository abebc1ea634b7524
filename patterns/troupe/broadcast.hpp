#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/flow.hpp>
#include <troupe/kernel/dispatch_kernel.hpp>

namespace troupe {

namespace detail {

/// What a branch became: `void` if it ends in a sink.
template <class Flow>
struct branch_item {
  using type = invalid;
};
template <class T>
struct branch_item<flow<T>> {
  using type = T;
};

/// The item type of the open branches; void if none is open, invalid if they differ.
template <class... Items>
struct common_item {
  using type = void;
};
template <class First, class... Rest>
struct common_item<First, Rest...> {
  using rest = typename common_item<Rest...>::type;
  using type = std::conditional_t<
      std::is_void_v<First>, rest,
      std::conditional_t<std::is_void_v<rest> || std::same_as<First, rest>, First, invalid>>;
};

template <class F>
concept no_pipe = !pipe<F>;

/// The node of a junction with several outputs.
node split_node(std::string name, std::string_view what, item_type items);
/// The open branches as lanes, with the closed ones beside them.
std::vector<ends> open_parts(const std::vector<ends>& all, const std::vector<bool>& open);

template <class... Branches>
struct split_pipe : pipe_tag {
  static_assert(sizeof...(Branches) > 0, "troupe: this junction has no branch to send items into");

  std::tuple<Branches...> branches;
  explicit split_pipe(std::tuple<Branches...> b) : branches(std::move(b)) {}

protected:
  template <class T>
  auto branch_out(const flow<T>& f, node n) const {
    return attach_all<T>(append(access::of(f), std::move(n)),
                         std::index_sequence_for<Branches...>{});
  }

private:
  template <class T, std::size_t... I>
  auto attach_all(const ends& split, std::index_sequence<I...>) const {
    const auto begin = [&](std::uint32_t branch) {
      auto e = split;
      e.last.branch = branch;
      return access::make<T>(std::move(e));
    };
    return gather(split.last.node.get(), detail::bind(begin(I), std::get<I>(branches))...);
  }

  template <class... Flows>
  static auto gather(const node* split, const Flows&... parts) {
    using item = typename common_item<typename branch_item<Flows>::type...>::type;
    if constexpr (!(requires {
                    typename Flows::item;
                    access::of(parts);
                  } && ...)) {
      static_assert(never<item>, "troupe: a fan_in is missing inside of a branch");
      return flow<invalid>{};
    } else if constexpr (std::is_void_v<item>) {
      return access::make<void>(unite({access::of(parts)...}));
    } else if constexpr (std::same_as<item, invalid>) {
      static_assert(never<item> || (std::same_as<typename Flows::item, invalid> || ...),
                    "troupe: the open branches of this junction hand on different item types; "
                    "map them to one");
      return flow<invalid>{};
    } else {
      return access::make_lanes<item>(
          open_parts({access::of(parts)...}, {!std::is_void_v<typename Flows::item>...}), split);
    }
  }
};

template <class... Branches>
struct broadcast_pipe : split_pipe<Branches...> {
  std::string name;
  broadcast_pipe(std::string n, std::tuple<Branches...> b)
      : split_pipe<Branches...>(std::move(b)), name(std::move(n)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    if constexpr (std::copy_constructible<T>) {
      auto n = split_node(name, "broadcast", item_type_of<T>());
      n.deal.make = [] { return std::make_unique<copying_dispatch<T>>(); };
      return this->branch_out(f, std::move(n));
    } else {
      static_assert(never<T>, "troupe: broadcast copies each item, and the item type of this flow "
                              "cannot be copied (hand on a std::shared_ptr)");
      return flow<invalid>{};
    }
  }
};

template <class Index, class... Branches>
struct partition_pipe : split_pipe<Branches...> {
  std::string name;
  Index index;
  partition_pipe(std::string n, Index i, std::tuple<Branches...> b)
      : split_pipe<Branches...>(std::move(b)), name(std::move(n)), index(std::move(i)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    if constexpr (std::is_invocable_r_v<
                      std::size_t, const Index&,
                      const T&> || std::is_invocable_r_v<std::size_t, Index&, const T&>) {
      auto n = split_node(name, "partition", item_type_of<T>());
      n.deal.make = [choose = choose_branch<T, Index>{index}] {
        return std::make_unique<choosing_dispatch<T, choose_branch<T, Index>>>(choose);
      };
      return this->branch_out(f, std::move(n));
    } else {
      static_assert(never<T>, "troupe: the function of this partition does not take the item type "
                              "that the flow hands it and return the index of a branch");
      return flow<invalid>{};
    }
  }
};

} // namespace detail

/// Sends a copy of each item into every branch.
///
///     | troupe::broadcast("both", troupe::map("total", total) | troupe::sink("sum", add),
///                                 troupe::write_lines("copy", "copy.txt"))
///
/// Shape:  flow<T> -> flow<void> if every branch ends in a sink; else lanes<U> of the open ones,
///         all of one item type, for a `fan_in`. One actor. Each branch gets the items in order.
/// Bound:  that of the branches' first edges; the slowest sets the pace. A branch that needs no
///         more (`take`) no longer counts.
/// Errors: std::invalid_argument for a name that is empty or taken.
/// Cost:   a copy for each branch.
template <detail::pipe... Branches>
detail::broadcast_pipe<Branches...> broadcast(std::string name, Branches... branches) {
  return {std::move(name), std::tuple{std::move(branches)...}};
}

/// Sends each item into the branch whose index `index(const T&)` gives, from 0.
///
///     | troupe::partition("size", [](const file& f) { return f.bytes > limit ? 1 : 0; },
///                         troupe::map("small", read), troupe::map("large", stream))
///     | troupe::fan_in("all", {.merge = troupe::merge::in_order})
///
/// Shape, Bound: as `broadcast`, without copies.
/// Errors: an index that is out of range, or a throw, fails the run.
template <detail::no_pipe Index, detail::pipe... Branches>
detail::partition_pipe<Index, Branches...> partition(std::string name, Index index,
                                                     Branches... branches) {
  return {std::move(name), std::move(index), std::tuple{std::move(branches)...}};
}

} // namespace troupe
