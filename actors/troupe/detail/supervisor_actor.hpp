#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <troupe/detail/compat.hpp>
#include <troupe/detail/messages.hpp>
#include <troupe/detail/run_state.hpp>

namespace troupe::detail {

/// An actor of a run, as its supervisor knows it.
struct child {
  caf::actor actor;
  std::string stage;
  bool is_source = false;
};

/// From the launcher: whom to look after.
struct adopt_msg {
  using internal_message = void;
  std::vector<child> children;
};

/// Watches all actors of one run, and ends them together.
///
/// End:    when all children are gone.
/// Drain:  sources are told to finish; the end then travels downstream through every stage. What is
///         left when the limit is over is aborted.
/// Abort:  on a failure, a kill, a cancelled context, a deadline or `stop`: every child counts what
///         it holds as abandoned and ends. The children watch this actor, so that they end if it is
///         killed itself.
class supervisor_actor final : public actor_base {
public:
  supervisor_actor(caf::actor_config& cfg, std::shared_ptr<run_state> state);

  const char* name() const override { return "troupe.supervisor"; }
  void on_exit() override;

private:
  caf::message_handler handlers() override;
  void on_exit_msg(const caf::error& reason) override { quit(reason); }

  void adopt(adopt_msg& msg);
  void follow(troupe::context& ctx);
  void on_child_gone(std::size_t index, const caf::error& reason);
  void drain(duration limit);
  void abort(const error& reason);

  std::shared_ptr<run_state> state_;
  std::vector<child> children_;
  std::size_t alive_ = 0;
  std::size_t callback_ = 0;
  bool adopted_ = false;
  bool aborting_ = false;
  duration drain_limit_{};
  std::uint64_t drain_generation_ = 0;
};

} // namespace troupe::detail
