#include <troupe/detail/router_actor.hpp>

#include <utility>

namespace troupe::detail {

void router_actor::on_exit() {
  release();
  supervisor_ = nullptr;
  upstream_.clear();
  downstream_.clear();
  // A message on its way here may keep this object for longer than the run.
  state_ = nullptr;
}

caf::message_handler router_actor::handlers() {
  return {
      [this](data_msg& msg) { on_data(msg); },
      [this](demand_msg& msg) { on_demand(msg); },
      [this](end_msg msg) { on_end(msg.inlet); },
      [this](enough_msg) { on_enough(); },
      [this](wire_msg& msg) {
        watch_actor(supervisor_, [this](const caf::error&) { quit(); });
        upstream_ = std::move(msg.upstream);
        downstream_ = std::move(msg.downstream);
        on_wired();
      },
      [this](abort_msg) { quit(); },
  };
}

void router_actor::forward(batch_ptr batch, const endpoint& to) {
  detail::send(this, to.actor, data_msg{std::move(batch), to.port});
}

void router_actor::send_home(batch_ptr batch, const endpoint& owner, std::size_t want) {
  const auto items = batch->carried;
  send_urgent(this, owner.actor, demand_msg{std::move(batch), 1, items, want, owner.port});
}

} // namespace troupe::detail
