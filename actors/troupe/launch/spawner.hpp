#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/cast/user_actor.hpp>
#include <troupe/launch/graph.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

struct dispatch_setup;

/// Whether an actor there has a thread of its own: virtual time has one only.
inline bool has_own_thread(caf::actor_system& sys, troupe::thread where) {
  return where == troupe::thread::own && !is_testing(sys);
}

/// What the actors of a run need before it begins, stage by stage.
std::vector<head_request> heads_of(caf::actor_system& sys, const graph& flow);

/// Spawns the actors of a run, at its start and when a stage gets more workers. All of them are
/// kept by the run's state, and none does anything before it is told who its neighbours are.
class spawner {
public:
  /// `room`: for the actors that the run begins with.
  spawner(caf::actor_system& sys, graph g, std::shared_ptr<run_state> state, seats room)
      : sys_(&sys), graph_(std::move(g)), state_(std::move(state)), room_(std::move(room)) {}

  void set_supervisor(caf::actor supervisor) { supervisor_ = std::move(supervisor); }
  const graph& flow() const noexcept { return graph_; }
  run_state& state() const noexcept { return *state_; }

  /// Room for one more worker than there have been at once. Errors: as system_book::reserve.
  void make_room(std::size_t stage);
  /// Of which an actor, like all that are spawned here, gets its own.
  seats seat(bool own_thread = false) { return room_.split(own_thread); }

  caf::actor source(std::size_t stage, std::size_t producer);
  /// One that runs the function of a stage or sink, and counts in `block`.
  caf::actor worker(std::size_t stage, metric_block* block);
  /// Before the workers of a stage, or the branches of a split.
  caf::actor distributor(std::size_t stage);
  /// Behind the workers of a stage.
  caf::actor merger(std::size_t stage);
  caf::actor join(std::size_t stage);

private:
  caf::actor kept(caf::actor actor, seats seat) const;
  metric_block* first_block(std::size_t stage) const;
  dispatch_setup dispatch_of(std::size_t stage) const;
  caf::actor item_distributor(std::size_t stage);
  caf::actor branch_distributor(std::size_t stage);
  item_type input_of(std::size_t stage) const;

  template <class T, class... Ts>
  caf::actor spawn_on(troupe::thread where, Ts&&... xs) {
    const bool own = has_own_thread(*sys_, where);
    auto mine = seat(own);
    return kept(own ? detail::spawn<T, caf::detached>(*sys_, std::forward<Ts>(xs)...)
                    : detail::spawn<T>(*sys_, std::forward<Ts>(xs)...),
                std::move(mine));
  }

  caf::actor_system* sys_;
  graph graph_;
  std::shared_ptr<run_state> state_;
  seats room_; ///< keeps the book, but nothing of it once all have come
  caf::actor supervisor_;
};

} // namespace troupe::detail
