#include <troupe/cast/relay_actor.hpp>

#include <utility>

namespace troupe::detail {

void relay_actor::on_exit() {
  release();
  supervisor_ = nullptr;
  upstream_.clear();
  downstream_.clear();
  // A message on its way here may keep this object for longer than the run.
  state_ = nullptr;
}

// May come before we know whom to tell.
void relay_actor::enough() {
  if (!std::exchange(satisfied_, true) && wired_)
    on_enough();
}

caf::message_handler relay_actor::handlers() {
  return {
      [this](end_msg msg) { on_end(msg.inlet); },
      [this](enough_msg) { enough(); },
      [this](full_msg msg) { on_full(msg); },
      [this](wire_msg& msg) {
        watch_actor(supervisor_, [this](const caf::error&) { quit(); });
        upstream_ = std::move(msg.upstream);
        downstream_ = std::move(msg.downstream);
        on_wired();
        wired_ = true;
        if (satisfied_)
          on_enough();
      },
      [this](abort_msg) { quit(); },
  };
}

} // namespace troupe::detail
