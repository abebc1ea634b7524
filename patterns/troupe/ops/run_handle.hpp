#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/launch/launch.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/ops/run_changes.hpp>
#include <troupe/topology.hpp>

namespace troupe::detail {

/// What a run owns. Kept apart so that moving a run moves a pointer.
class run_handle {
public:
  run_handle(running_actors actors, const graph& flow, duration drain_limit)
      : actors_(std::move(actors)), topology_(flow), changes_(actors_, flow),
        drain_limit_(drain_limit) {
    last_look_.at = state().started();
  }
  run_handle(const run_handle&) = delete;
  run_handle& operator=(const run_handle&) = delete;
  ~run_handle() { state().let_go(); }

  const std::shared_ptr<run_state>& shared_state() const noexcept { return actors_.state; }
  run_state& state() const noexcept { return *actors_.state; }
  const roster& actors() const noexcept { return *actors_.actors; }
  const troupe::topology& topology() const noexcept { return topology_; }

  const stage_shape& shape(std::size_t stage) const { return changes_.shapes()[stage]; }
  const run_changes& changes() const noexcept { return changes_; }

  /// Not before what begins the run.
  template <class Message>
  void tell_in_turn(Message msg) const {
    detail::anon_send(actors().supervisor(), std::move(msg));
  }

  void pause(const std::string& stage, bool paused) const {
    const auto index = state().index_of(stage);
    if (const auto& n = shape(index); n.passes_on)
      throw std::invalid_argument("run: " + std::string{n.what} + " \"" + stage
                                  + "\" cannot be paused; pause a stage before or behind it");
    for (const auto& worker : actors().workers(index))
      anon_send_urgent(worker, pause_msg{paused});
    // For workers yet to come.
    tell_in_turn(pause_stage_msg{index, paused});
  }

  graph_metrics rates() {
    const std::lock_guard lock{mutex_};
    auto now = state().sample();
    auto since = metrics_between(last_look_, now);
    last_look_ = std::move(now);
    return since;
  }

  bool over() const { return state().ended(); }

  /// False: `limit` is over, and the run is not. `what` is the call that waits.
  bool wait(std::string_view what, std::optional<duration> limit) const {
    // Whom `on_end` calls finds an end that it would else wait for itself.
    if (state().settled() || (over() && in_actor(state().system())))
      return true;
    refuse_wait(what);
    return is_testing(state().system()) ? drive(limit) : state().wait(limit);
  }

  void refuse_wait(std::string_view what) const {
    refuse_to_wait(state().system(), "run: " + std::string{what},
                   "look at done(), have a thread of your own wait, or end the run by cancelling "
                   "the context that it was started with");
  }

  /// For a destructor: waits, but not inside an actor, and not for a drain while
  /// an exception passes.
  void end() noexcept {
    if (state().settled())
      return;
    const bool unwinding = std::uncaught_exceptions() > exceptions_;
    // Before it may end, and with it the actor system.
    const bool must_not_wait = in_actor(state().system());
    if (!over())
      unwinding ? state().begin_stop() : state().begin_drain(drain_limit_);
    if (must_not_wait)
      return;
    try {
      wait("~run", std::nullopt);
    } catch (...) {
      // Only under the testing scheduler, where nothing may be left to do while a stage is paused.
      abandon();
    }
  }

private:
  // Virtual time: nobody but us makes anything happen.
  bool drive(std::optional<duration> limit) const {
    const auto how = virtual_time::drive(
        state().system(), [this] { return state().settled(); }, limit);
    if (how == virtual_time::driven::stuck)
      throw std::logic_error("run: nothing is left to do under the testing scheduler, and the flow "
                             "has not ended: a source waits for input, or a stage is paused");
    return how == virtual_time::driven::done;
  }

  void abandon() noexcept {
    try {
      state().begin_stop();
      wait("~run", std::nullopt);
    } catch (...) { // NOLINT(bugprone-empty-catch): a destructor has nobody to tell
    }
  }

  running_actors actors_;
  troupe::topology topology_;
  run_changes changes_;
  duration drain_limit_;
  std::mutex mutex_;
  graph_sample last_look_;                      ///< of `rates`
  int exceptions_ = std::uncaught_exceptions(); ///< that passed when the run began
};

} // namespace troupe::detail
