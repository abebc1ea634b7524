#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <troupe/detail/compat.hpp>
#include <troupe/detail/link.hpp>
#include <troupe/detail/messages.hpp>
#include <troupe/detail/run_state.hpp>

namespace troupe::detail {

/// What distributor and merger share: they pass on batches that others own, run no user code, and
/// hold nothing beyond what the owners' buffers bound.
class router_actor : public actor_base {
public:
  router_actor(caf::actor_config& cfg, std::shared_ptr<run_state> state, caf::actor supervisor)
      : actor_base(cfg), state_(std::move(state)), supervisor_(std::move(supervisor)) {}

  void on_exit() override;

protected:
  /// Handlers that all share; derived classes put theirs in front.
  caf::message_handler handlers() override;
  void on_exit_msg(const caf::error& reason) override { quit(reason); }

  virtual void on_wired() {}
  virtual void on_data(data_msg& msg) = 0;
  virtual void on_demand(demand_msg& msg) = 0;
  virtual void on_end(std::uint32_t inlet) = 0;
  virtual void on_enough() = 0;
  virtual void release() = 0;

  void forward(batch_ptr batch, const endpoint& to);
  /// A batch that nobody needs any more, as demand.
  void send_home(batch_ptr batch, const endpoint& owner, std::size_t want);
  run_state& state() noexcept { return *state_; }
  const caf::actor& supervisor() const noexcept { return supervisor_; }

  std::vector<endpoint> upstream_;
  std::vector<endpoint> downstream_;

private:
  std::shared_ptr<run_state> state_;
  caf::actor supervisor_;
};

} // namespace troupe::detail
