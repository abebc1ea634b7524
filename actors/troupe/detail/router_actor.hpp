#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <troupe/detail/compat.hpp>
#include <troupe/detail/link.hpp>
#include <troupe/detail/messages.hpp>

namespace troupe::detail {

/// What distributor and merger share: they pass on batches that others own, run no user code, and
/// hold nothing beyond what the owners' buffers bound.
class router_actor : public actor_base {
public:
  router_actor(caf::actor_config& cfg, caf::actor supervisor)
      : actor_base(cfg), supervisor_(std::move(supervisor)) {}

  void on_exit() override;

protected:
  caf::message_handler handlers() final;
  void on_exit_msg(const caf::error& reason) override { quit(reason); }

  virtual void on_wired() {}
  virtual void on_data(data_msg& msg) = 0;
  virtual void on_demand(demand_msg& msg) = 0;
  virtual void on_end() = 0;
  virtual void on_enough() = 0;
  virtual void release() = 0;

  void forward(batch_ptr batch, const endpoint& to);

  std::vector<endpoint> upstream_;
  std::vector<endpoint> downstream_;

private:
  caf::actor supervisor_;
};

} // namespace troupe::detail
