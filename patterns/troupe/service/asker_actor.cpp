#include <troupe/service/asker_actor.hpp>

#include <caf/sec.hpp>

#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

asker_base::asker_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                       const troupe::context& ctx, caf::actor asked, duration timeout)
    : answering_actor(cfg, std::move(account), ctx), asked_(std::move(asked)), timeout_(timeout) {}

// Called once, when the actor begins.
caf::message_handler asker_base::handlers() {
  watch_actor(asked_, [this](const caf::error&) {
    give_up({errc::worker_died, service(), "the actor that was asked is gone"});
    end_if_empty();
  });
  return answering_actor::handlers();
}

void asker_base::on_exit() {
  answering_actor::on_exit();
  unwatch_actor(asked_);
  asked_ = nullptr;
}

error asker_base::meaning(const caf::error& e) const {
  if (e == caf::sec::request_timeout)
    return {errc::timed_out, service(), "no answer within " + as_text(timeout_)};
  if (e == caf::sec::request_receiver_down)
    return {errc::worker_died, service(), "the actor that was asked is gone"};
  return {errc::stage_failed, service(), caf::to_string(e)};
}

} // namespace troupe::detail
