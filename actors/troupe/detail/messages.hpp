#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <caf/actor.hpp>

#include <troupe/detail/batch.hpp>
#include <troupe/detail/kernel.hpp>
#include <troupe/error.hpp>
#include <troupe/policy/demand_ledger.hpp>

// What the actors of a flow say to each other besides batches (`linked_actor`). Data and its end
// travel in order; everything else is control, sent urgently, and never waits behind data.
namespace troupe::detail {

/// One end of a link, as the other end addresses it.
struct endpoint {
  caf::actor actor;
  std::uint32_t port = 0;
};

/// Downstream: this input is complete; behind the last data.
struct end_msg {
  using internal_message = void;
  std::uint32_t inlet = 0;
};

/// Upstream: nothing more is wanted here; what still comes is counted as filtered.
struct enough_msg {
  using internal_message = void;
  std::uint32_t outlet = 0;
};

/// Who the neighbours are: from the launcher, before anything else, or in two halves from the
/// distributor and the merger that a worker joins later.
struct wire_msg {
  using internal_message = void;
  std::vector<endpoint> upstream;
  std::vector<endpoint> downstream;
};

/// To a distributor: the number of workers to use has changed (`crew_gauge::wanted`); these are
/// new.
struct crew_msg {
  using internal_message = void;
  std::vector<caf::actor> added;
  caf::actor merger;       ///< of what the workers make; null for consumers
  caf::actor successor_of; ///< the dead worker whose place the new one takes
};

/// From a distributor to its merger: a further input.
struct lane_msg {
  using internal_message = void;
  caf::actor worker;
};

/// To a merger: the distributor of its inputs has ended, so there will be no further ones.
struct lanes_msg {
  using internal_message = void;
};

/// To the sending side of an edge: it may hold this much from now on.
struct plan_msg {
  using internal_message = void;
  edge_plan plan;
  std::uint32_t outlet = 0;
};

/// To a source: there may be something to do.
struct pump_msg {
  using internal_message = void;
};

/// To a source: no new items, hand out what is inside, then end.
struct finish_msg {
  using internal_message = void;
};

/// To all: count what is held as abandoned, and end.
struct abort_msg {
  using internal_message = void;
};

/// To the worker of a stage with a rate: it has a tuning to take; see `tuning_slot`.
struct retune_msg {
  using internal_message = void;
};

struct pause_msg {
  using internal_message = void;
  bool paused = false;
};

/// To the run's supervisor: pause or resume this stage.
struct pause_stage_msg {
  using internal_message = void;
  std::size_t stage = 0;
  bool paused = false;
};

/// To the run's supervisor: something waits for a worker of this stage, whose number may change.
struct strained_msg {
  using internal_message = void;
  std::size_t stage = 0;
};

/// To the run's supervisor from itself: look again whether this stage has as many as it needs.
struct look_msg {
  using internal_message = void;
  std::size_t stage = 0;
};

/// To the run's supervisor: somebody wishes for more or fewer workers; see
/// `run_state::take_wishes`.
struct wishes_msg {
  using internal_message = void;
};

/// From an actor to itself; an old generation is ignored.
struct timer_msg {
  using internal_message = void;
  std::uint64_t generation = 0;
};

/// To the run's supervisor: a stage gave up.
struct failed_msg {
  using internal_message = void;
  error reason;
};

/// To the run's supervisor: end in order, within `limit`.
struct drain_msg {
  using internal_message = void;
  duration limit{};
};

/// To the run's supervisor: end now. `reason` is errc::none where the user asked for it.
struct stop_msg {
  using internal_message = void;
  error reason;
};

} // namespace troupe::detail
