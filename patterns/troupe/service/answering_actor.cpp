#include <troupe/service/answering_actor.hpp>

#include <utility>

namespace troupe::detail {

answering_actor::answering_actor(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                                 const troupe::context& ctx)
    : deadline_actor(cfg), account_(std::move(account)), ctx_(ctx) {}

void answering_actor::begin() {
  const error cancelled{errc::cancelled, {}, "the service's context was cancelled"};
  const error late{errc::deadline_exceeded, {}, "the deadline of the service's context has passed"};
  if (ctx_.cancelled()) { // before it began: no function is called
    stop(ctx_.why().code() == errc::cancelled ? cancelled : late);
    return;
  }
  const caf::actor self{this};
  if (const auto left = ctx_.remaining())
    send_after(this, *left, limit_msg{late});
  callback_
      = ctx_.on_cancel([self, cancelled] { detail::anon_send_urgent(self, limit_msg{cancelled}); });
}

// Called once, when the actor begins.
caf::message_handler answering_actor::handlers() {
  begin();
  return caf::message_handler{
      [this](end_msg msg) { end(msg.limit); },
      [this](limit_msg& msg) { stop(std::move(msg.reason)); },
  }
      .or_else(deadline_actor::handlers());
}

void answering_actor::end(duration limit) {
  ending_ = true;
  if (limit > duration::zero() || (account_->inside() == 0 && is_idle())) {
    end_if_empty();
    send_after(this, limit, limit_msg{{errc::timed_out, {}, "the drain limit has passed"}});
  } else {
    stop({errc::timed_out, {}, "the drain limit has passed"});
  }
}

// A call that has entered and is still on its way to us counts as inside.
void answering_actor::end_if_empty() {
  if (ending_ && account_->inside() == 0 && is_idle())
    quit();
}

void answering_actor::stop(error reason) {
  if (!ending_ || account_->inside() > 0)
    reason_ = std::move(reason);
  ending_ = true;
  quit();
}

void answering_actor::on_exit() {
  deadline_actor::on_exit();
  ctx_.forget(std::exchange(callback_, 0));
  if (!ending_)
    reason_ = error{errc::worker_died, service(), "the service's actor was ended from outside"};
  // First the accounts: what is open now is abandoned.
  account_->shut();
  account_->finish(reason_);
  give_up({errc::closed, service(), "the service ended before it got to this call"});
}

} // namespace troupe::detail
