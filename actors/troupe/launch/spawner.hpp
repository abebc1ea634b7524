#pragma once

#include <cstddef>
#include <memory>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/cast/user_actor.hpp>
#include <troupe/launch/graph.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

struct dispatch_setup;

/// Spawns the actors of a run, at its start and when a stage gets more workers. All of them are
/// kept by the run's state, and none does anything before it is told who its neighbours are.
class spawner {
public:
  spawner(caf::actor_system& sys, graph g, std::shared_ptr<run_state> state)
      : sys_(&sys), graph_(std::move(g)), state_(std::move(state)) {}

  void set_supervisor(caf::actor supervisor) { supervisor_ = std::move(supervisor); }
  const graph& flow() const noexcept { return graph_; }
  run_state& state() const noexcept { return *state_; }

  caf::actor source(std::size_t stage, std::size_t producer);
  /// One that runs the function of a stage or sink, and counts in `block`.
  caf::actor worker(std::size_t stage, metric_block* block);
  /// Before the workers of a stage, or the branches of a split.
  caf::actor distributor(std::size_t stage);
  /// Behind the workers of a stage.
  caf::actor merger(std::size_t stage);
  caf::actor join(std::size_t stage);

private:
  caf::actor kept(caf::actor actor) const;
  metric_block* first_block(std::size_t stage) const;
  dispatch_setup dispatch_of(std::size_t stage) const;
  caf::actor item_distributor(std::size_t stage);
  caf::actor branch_distributor(std::size_t stage);
  item_type input_of(std::size_t stage) const;

  template <class T, class... Ts>
  caf::actor spawn_on(troupe::thread where, Ts&&... xs) {
    // Virtual time has one thread only.
    if (where == troupe::thread::own && !is_testing(*sys_))
      return kept(detail::spawn<T, caf::detached>(*sys_, std::forward<Ts>(xs)...));
    return kept(detail::spawn<T>(*sys_, std::forward<Ts>(xs)...));
  }

  caf::actor_system* sys_;
  graph graph_;
  std::shared_ptr<run_state> state_;
  caf::actor supervisor_;
};

} // namespace troupe::detail
