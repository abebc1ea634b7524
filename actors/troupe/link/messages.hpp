#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <caf/actor.hpp>

#include <troupe/error.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/policy/demand_ledger.hpp>

// What the actors of a flow say to each other besides batches (`linked_actor`). Data and its end
// travel in order; everything else is control, and what is urgent never waits behind data. Nor does
// it wait behind what introduces the receiver. So this is what may come before that, and what then:
//
// | message              | urgent | may come before           | then                              |
// |----------------------|--------|---------------------------|-----------------------------------|
// | wire_msg             |        | what is named below       | all are sent downstream first     |
// | batch, end_msg       |        | half of a wire_msg        | waits in the inlet                |
// | batch, home          | yes    | nothing: answers data     |                                   |
// | enough_msg           | yes    | wire_msg                  | kept, and passed on when wired    |
// | full_msg             | yes    | wire_msg                  | kept until it has something       |
// | missing_msg          | yes    | nothing: answers data     | kept until the split rests        |
// | plan_msg             | yes    | wire_msg                  | taken at once                     |
// | pause_msg            | yes    | wire_msg                  | kept: begins paused               |
// | abort_msg            | yes    | wire_msg                  | ends; what comes later bounces    |
// | finish_msg           | yes    | pump_msg                  | a source is opened, then closed   |
// | pump_msg, retune_msg |        | nothing: behind wire_msg  |                                   |
// | adopt_msg            | yes    | failed_msg                | behind all wire_msg               |
// | failed_msg           | yes    | adopt_msg                 | all are aborted when adopted      |
// | strained_msg         | yes    | nothing: behind adopt_msg | what strains was pumped later     |
// | drain_msg, stop_msg  | yes    | nothing: behind adopt_msg | the run has been started          |
// | pause_stage, wishes  |        | nothing: behind adopt_msg | likewise                          |
// | crew_msg             |        | nothing: behind wire_msg  | whoever sends it was adopted      |
// | lane_msg             |        | nothing: behind crew_msg  | before its worker can say a thing |
// | lanes_msg            |        | lane_msg of late workers  | they were aborted, not told       |
// | timer_msg, look_msg  |        | nothing: to oneself       |                                   |
//
// A down message comes after all that its actor has sent without urgency.
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

/// Upstream, from a join that waits for another input: it has all that can come over this one until
/// it hands on something. Who cannot work for want of demand passes it on; see `dispatch_actor`.
struct full_msg {
  using internal_message = void;
  std::uint32_t outlet = 0;
  std::uint64_t number = 0; ///< see `join_numbers`: an older one means nothing
};

/// From the same join at the same time, straight to the split before it, which may rest itself.
struct missing_msg {
  using internal_message = void;
  std::uint64_t number = 0;
};

/// Who the neighbours are: from the run_builder, or in two halves from the distributor and the
/// merger that a worker joins later.
struct wire_msg {
  using internal_message = void;
  std::vector<endpoint> upstream;
  std::vector<endpoint> downstream;
  caf::actor split = {}; ///< to a join of its branches
};

/// To a distributor: the number of workers to use has changed (`crew_gauge::wanted`);
/// these are new.
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

/// To a worker of a stage: the edge out of it may hold this much from now on.
struct plan_msg {
  using internal_message = void;
  edge_plan plan;
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

/// To the run's supervisor: somebody wishes for more or fewer
/// workers; see `run_state::take_wishes`.
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
