#pragma once

#include <memory>

#include <caf/actor_system.hpp>

#include <troupe/context.hpp>
#include <troupe/launch/blueprint.hpp>
#include <troupe/launch/graph.hpp>
#include <troupe/run/roster.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

/// A started flow, for its handle.
struct running_actors {
  std::shared_ptr<run_state> state;
  std::shared_ptr<roster> actors;
};

/// Spawns the actors of each node, makes them known to each other, and lets go. Where the context
/// is over they end before any function of a user is called. Errors: std::system_error where that
/// would pass the system's limits, before there is any; what spawning throws, a missing thread most
/// of all; then those that were there are ended, and waited for unless
/// in an actor.
running_actors start_actors(caf::actor_system& sys, const graph& flow, const context& ctx,
                            dead_letter_sink dead_letters, std::string name);

} // namespace troupe::detail
