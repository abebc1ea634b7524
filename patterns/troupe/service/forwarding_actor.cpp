#include <troupe/service/forwarding_actor.hpp>

#include <caf/sec.hpp>

#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

forwarding_base::forwarding_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                                 const troupe::context& ctx, caf::actor to, duration timeout)
    : answering_actor(cfg, std::move(account), ctx), to_(std::move(to)), timeout_(timeout) {}

// Called once, when the actor begins.
caf::message_handler forwarding_base::handlers() {
  watch_actor(to_, [this](const caf::error&) {
    give_up({errc::worker_died, service(), "the actor that was asked is gone"});
    end_if_empty();
  });
  return answering_actor::handlers();
}

void forwarding_base::on_exit() {
  answering_actor::on_exit();
  unwatch_actor(to_);
  to_ = nullptr;
}

error forwarding_base::meaning(const caf::error& e) const {
  if (e == caf::sec::request_timeout)
    return {errc::timed_out, service(), "no answer within " + as_text(timeout_)};
  if (e == caf::sec::request_receiver_down)
    return {errc::worker_died, service(), "the actor that was asked is gone"};
  return {errc::stage_failed, service(), caf::to_string(e)};
}

} // namespace troupe::detail
