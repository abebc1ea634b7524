#pragma once

#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/context.hpp>
#include <troupe/detail/blueprint.hpp>
#include <troupe/detail/graph.hpp>
#include <troupe/detail/roster.hpp>
#include <troupe/detail/run_state.hpp>

namespace troupe::detail {

/// The actors of a started flow, for its handle. Strong references: they live while this does.
struct launched {
  std::shared_ptr<run_state> state;
  caf::actor supervisor;
  std::shared_ptr<roster> workers;
  std::vector<caf::actor> all; ///< those it began with, distributors and mergers included
};

/// Spawns the actors of each node, makes them known to each other, and lets go.
launched launch(caf::actor_system& sys, const graph& flow, const context& ctx,
                dead_letter_sink dead_letters, std::string name);

} // namespace troupe::detail
