#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <troupe/link/linked_actor.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

/// What distributor and merger share: they pass on batches that others own, run no user code, and
/// hold nothing beyond what the owners' buffers bound.
class relay_actor : public linked_actor {
public:
  relay_actor(caf::actor_config& cfg, std::shared_ptr<run_state> state, caf::actor supervisor)
      : linked_actor(cfg), state_(std::move(state)), supervisor_(std::move(supervisor)) {}

  void on_exit() override;

protected:
  /// Handlers that all share, the frequent ones first; derived classes put theirs behind.
  caf::message_handler handlers() override;
  void on_exit_msg(const caf::error& reason) override { quit(reason); }

  virtual void on_wired() {}
  virtual void on_end(std::uint32_t inlet) = 0;
  /// Nothing more is wanted behind this; called once.
  virtual void on_enough() = 0;
  /// Passed on to who is upstream.
  virtual void on_full(full_msg msg) = 0;
  virtual void release() = 0;

  run_state& state() noexcept { return *state_; }
  const caf::actor& supervisor() const noexcept { return supervisor_; }
  bool is_satisfied() const noexcept { return satisfied_; }

  std::vector<endpoint> upstream_;
  std::vector<endpoint> downstream_;

private:
  void enough();

  std::shared_ptr<run_state> state_;
  caf::actor supervisor_;
  bool wired_ = false;
  bool satisfied_ = false;
};

} // namespace troupe::detail
