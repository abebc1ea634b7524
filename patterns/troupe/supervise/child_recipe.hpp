#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>

#include <troupe/fwd.hpp>
#include <troupe/supervision.hpp>

namespace troupe {

namespace detail {

template <class B>
concept behavior_or_nothing = std::is_void_v<B> || std::convertible_to<B, caf::behavior>;

template <class F>
using child_answer_t = std::invoke_result_t<F&, caf::event_based_actor*>;
template <class F>
concept begins_child = std::invocable<F&, caf::event_based_actor*>;

template <class F>
concept gives_behavior = begins_child<F> && behavior_or_nothing<child_answer_t<F>>;

template <class F>
concept gives_actor
    = std::invocable<F&, caf::actor_system&> && requires(F& f, caf::actor_system& sys) {
  caf::actor_cast<caf::actor>(f(sys));
};

using behavior_function = std::function<caf::behavior(caf::event_based_actor*)>;

/// How a child is started, any number of times: one of the three is given. Functions are copied for
/// each start, so that a child begins with the state it had when it was composed.
struct child_recipe {
  behavior_function behavior = {};
  std::function<caf::actor(caf::actor_system&)> factory = {};
  std::shared_ptr<const supervisor_spec> tree = {};

  child_kind kind() const noexcept {
    return tree == nullptr ? child_kind::worker : child_kind::supervisor;
  }
};

template <class F>
child_recipe recipe_of(F f) {
  constexpr bool known = gives_behavior<F> || gives_actor<F>;
  static_assert(known, "troupe: a child of a supervisor is a function of caf::event_based_actor* "
                       "that returns a caf::behavior, a function of caf::actor_system& that "
                       "returns an actor, or a supervisor_spec");
  static_assert(!known || std::copy_constructible<F>,
                "troupe: the function of a child must be copyable: each start gets its own copy");
  child_recipe r;
  if constexpr (!std::copy_constructible<F>) {
    // Has had its error.
  } else if constexpr (gives_behavior<F>) {
    r.behavior = [f = std::move(f)](caf::event_based_actor* self) mutable -> caf::behavior {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, caf::event_based_actor*>>) {
        f(self);
        return {};
      } else {
        return f(self);
      }
    };
  } else if constexpr (gives_actor<F>) {
    r.factory = [f = std::move(f)](caf::actor_system& sys) mutable {
      return caf::actor_cast<caf::actor>(f(sys));
    };
  }
  return r;
}

} // namespace detail

} // namespace troupe
