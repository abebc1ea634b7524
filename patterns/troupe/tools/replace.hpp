#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace troupe::detail {

template <class S>
concept replaceable = std::is_move_assignable_v<S> || std::is_nothrow_move_constructible_v<S>;

/// Not everything that can be moved can be assigned.
template <replaceable S>
void replace(S& state, std::type_identity_t<S>&& next) {
  if constexpr (std::is_move_assignable_v<S>) {
    state = std::move(next);
  } else {
    std::destroy_at(std::addressof(state));
    std::construct_at(std::addressof(state), std::move(next));
  }
}

} // namespace troupe::detail
