#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/context.hpp>
#include <troupe/detail/blueprint.hpp>
#include <troupe/detail/run_state.hpp>

namespace troupe::detail {

/// The actors of a started flow, for its handle. Strong references: they live while this does.
struct launched {
  std::shared_ptr<run_state> state;
  caf::actor supervisor;
  std::vector<std::vector<caf::actor>> stages; ///< by stage index: those that run its function
  std::vector<caf::actor> all;                 ///< the same, with distributors and mergers
};

/// Spawns one actor for each node, plus distributor and merger around parallel ones, and lets go.
launched launch(caf::actor_system& sys, const node_ptr& last, const context& ctx,
                std::function<void(const dead_letter&)> dead_letters);

} // namespace troupe::detail
