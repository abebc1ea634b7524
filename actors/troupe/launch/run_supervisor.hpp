#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <troupe/caf/compat.hpp>
#include <troupe/launch/crew.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/run/roster.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

/// An actor of a run, as its supervisor knows it.
struct child {
  caf::actor actor;
  std::size_t stage = 0;
  bool is_source = false;
  bool is_distributor = false;
};

/// From the run_builder: whom to look after.
struct adopt_msg {
  using internal_message = void;
  std::vector<child> children;
  std::vector<std::shared_ptr<crew>> crews;
  std::shared_ptr<roster> shown;
};

/// Watches all actors of one run, and ends them together.
///
/// End:    when all children are gone.
/// Drain:  sources are told to finish; the end then travels downstream through every stage. What is
///         left when the limit is over is aborted.
/// Abort:  on a failure, a cancelled context, a deadline, `stop`, or when an actor is killed that
///         the flow cannot do without: every child counts what it holds as abandoned and ends. The
///         children watch this actor, so that they end if it is killed itself.
/// Resize: a stage with several workers gets more, or some of them rest: when told to, or where
///         their number follows the load.
class run_supervisor final : public actor_base {
public:
  run_supervisor(caf::actor_config& cfg, std::shared_ptr<run_state> state);

  const char* name() const override { return "troupe.supervisor"; }
  void on_exit() override;

private:
  caf::message_handler handlers() override;
  void on_exit_msg(const caf::error& reason) override { quit(reason); }

  void adopt(adopt_msg& msg);
  void watch(child c);
  void follow(troupe::context& ctx);
  void on_child_gone(std::size_t index, const caf::error& reason);
  void on_killed(const child& c);
  void on_distributor_gone(std::size_t stage);
  void drain(duration limit);
  void abort(const error& reason);
  void pause(pause_stage_msg msg);
  void set_range(const crew_wish& wish);
  void look_at(crew& c);
  void resize(crew& c, std::size_t workers);
  crew* crew_of(std::size_t stage) const;
  const std::string& stage_name(std::size_t stage) const { return state_->stages()[stage].name; }

  std::shared_ptr<run_state> state_;
  std::shared_ptr<roster> shown_;
  std::vector<child> children_;
  std::vector<std::shared_ptr<crew>> crews_;
  std::vector<bool> looking_; ///< by stage: a `look_msg` is on its way
  std::size_t alive_ = 0;
  std::size_t callback_ = 0;
  bool adopted_ = false;
  bool aborting_ = false;
  duration drain_limit_{};
  std::uint64_t drain_generation_ = 0;
};

} // namespace troupe::detail
