#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/detail/invoke.hpp>
#include <troupe/launch/blueprint.hpp>
#include <troupe/topology.hpp>

namespace troupe {

namespace detail {

/// The item type of a flow whose composition already failed to compile, so that one mistake gives
/// one error.
struct invalid {};

struct access;

} // namespace detail

/// A stream of items that does not run yet: a value that can be printed, reused, and started many
/// times. `flow<void>` ends in a sink and can be started.
///
///     troupe::flow<int> numbers = troupe::from("numbers", std::vector{1, 2, 3});
///     numbers = numbers | troupe::map("double", [](int x) { return 2 * x; });
///     auto job = numbers | troupe::sink("print", [](int x) { std::cout << x << '\n'; });
///
/// Shape:  an immutable list of named nodes; copying is copying a pointer.
/// Errors: a wrong item type or a missing sink do not compile. A duplicate name
///         and an option out of range throw std::invalid_argument where the flow is composed.
template <class T>
class flow {
public:
  using item = T;

  flow() = default;

  /// What starting it would spawn, and how much it would hold at most.
  troupe::topology topology() const { return detail::topology_of(ends_); }

private:
  friend detail::access;
  explicit flow(detail::ends e) : ends_(std::move(e)) {}

  detail::ends ends_;
};

/// Streams of items that are still to be merged: what `fan_out`, `broadcast` and `partition` give.
/// Nothing but `fan_in` can follow.
template <class T>
class lanes {
public:
  using item = T;

private:
  friend detail::access;
  lanes(std::vector<detail::ends> parts, const detail::node* split)
      : parts_(std::move(parts)), split_(split) {}

  std::vector<detail::ends> parts_;
  const detail::node* split_; ///< null: the lanes of one fan_out
};

namespace detail {

struct access {
  template <class T>
  static flow<T> make(ends e) {
    return flow<T>{std::move(e)};
  }
  template <class T>
  static lanes<T> make_lanes(std::vector<ends> parts, const node* split = nullptr) {
    return lanes<T>{std::move(parts), split};
  }
  template <class T>
  static const ends& of(const flow<T>& f) {
    return f.ends_;
  }
  template <class T>
  static const std::vector<ends>& parts(const lanes<T>& l) {
    return l.parts_;
  }
  template <class T>
  static const node* split(const lanes<T>& l) {
    return l.split_;
  }
};

/// A flow of T begins with this node.
template <class T>
flow<T> begin_flow(node source) {
  source.role = role::source;
  source.kind = pattern_kind::producer_consumer;
  source.output = item_type_of<T>();
  return access::make<T>(begin(std::move(source)));
}

/// `f` goes on with this node, as a flow of U, or ends with it if U is void.
template <class U, class T>
flow<U> extend(const flow<T>& f, node next) {
  if constexpr (std::is_void_v<U>) {
    next.role = role::sink;
    next.kind = pattern_kind::producer_consumer;
  } else {
    next.output = item_type_of<U>();
  }
  return access::make<U>(append(access::of(f), std::move(next)));
}

/// What may stand to the right of `|`: knows how to extend a flow of any fitting item type.
struct pipe_tag {};
template <class P>
concept pipe = std::derived_from<std::remove_cvref_t<P>, pipe_tag>;

// Sentences that several patterns have in common.

template <class T>
flow<invalid> wont_run_parts() {
  static_assert(never<T>, "troupe: this is a part of a flow where a function is needed; write it "
                          "into the flow itself: flow | part");
  return {};
}

template <class T>
flow<invalid> wont_be_followed() {
  static_assert(never<T>, "troupe: this service answers nothing, so nothing could follow it; use a "
                          "sink with consumers");
  return {};
}

template <class T>
flow<invalid> wont_hand_on_views() {
  static_assert(never<T>, "troupe: what this makes of an item is a view into it, and outlives it; "
                          "hand on what owns its text or elements (std::string, troupe::line, "
                          "std::vector)");
  return {};
}

template <class T, class P>
auto bind(const flow<T>& f, const P& p) {
  if constexpr (std::same_as<T, invalid>) {
    return flow<invalid>{};
  } else if constexpr (std::is_void_v<T>) {
    static_assert(never<P>, "troupe: this flow already ends in a sink; nothing can follow it");
    return flow<invalid>{};
  } else {
    return p.attach(f);
  }
}

template <class T, class P>
auto bind(const lanes<T>& l, const P& p) {
  if constexpr (std::same_as<T, invalid>) {
    return flow<invalid>{};
  } else if constexpr (requires { p.merge(l); }) {
    return p.merge(l);
  } else {
    static_assert(never<P>, "troupe: a fan_in is missing; lanes must be merged by fan_in before "
                            "the next stage or sink");
    return flow<invalid>{};
  }
}

/// Two pipes in a row, not yet attached to a flow.
template <class A, class B>
struct chained : pipe_tag {
  A first;
  B second;
  chained(A a, B b) : first(std::move(a)), second(std::move(b)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    return detail::bind(detail::bind(f, first), second);
  }
};

/// A part of a flow, to be attached later: `auto clean = map("trim", trim) | filter("some", some);`
/// Here, in the namespace of the pipes, it is found without a using.
template <pipe A, pipe B>
auto operator|(A a, B b) {
  return chained<A, B>{std::move(a), std::move(b)};
}

} // namespace detail

template <class T, detail::pipe P>
auto operator|(const lanes<T>& l, const P& p) {
  return detail::bind(l, p);
}

template <class T, detail::pipe P>
auto operator|(const flow<T>& f, const P& p) {
  return detail::bind(f, p);
}

} // namespace troupe
