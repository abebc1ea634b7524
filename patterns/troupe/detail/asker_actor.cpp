#include <troupe/detail/asker_actor.hpp>

#include <caf/sec.hpp>

#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

asker_base::asker_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                       caf::actor asked, const asked_setup& setup)
    : deadline_actor(cfg), account_(std::move(account)), asked_(std::move(asked)),
      name_(setup.name), timeout_(setup.timeout), ctx_(setup.ctx) {}

void asker_base::begin() {
  watch_actor(asked_, [this](const caf::error&) {
    give_up({errc::worker_died, name_, "the actor that was asked is gone"});
    end_if_empty();
  });
  const caf::actor self{this};
  if (const auto left = ctx_.remaining())
    send_after(
        this, *left, self,
        limit_msg{
            {errc::deadline_exceeded, {}, "the deadline of the service's context has passed"}});
  callback_ = ctx_.on_cancel([self] {
    detail::anon_send_urgent(
        self, limit_msg{{errc::cancelled, {}, "the service's context was cancelled"}});
  });
}

// Called once, when the actor begins.
caf::message_handler asker_base::handlers() {
  begin();
  return caf::message_handler{
      [this](end_msg msg) { end(msg.limit); },
      [this](limit_msg& msg) { stop(std::move(msg.reason)); },
  }
      .or_else(deadline_actor::handlers());
}

void asker_base::end(duration limit) {
  ending_ = true;
  if (account_->inside() == 0 || limit > duration::zero()) {
    end_if_empty();
    send_after(this, limit, caf::actor{this},
               limit_msg{{errc::timed_out, {}, "the drain limit has passed"}});
  } else {
    stop({errc::timed_out, {}, "the drain limit has passed"});
  }
}

// A call that has entered and is still on its way to us counts as inside.
void asker_base::end_if_empty() {
  if (ending_ && account_->inside() == 0)
    quit();
}

void asker_base::stop(error reason) {
  if (!ending_ || account_->inside() > 0)
    reason_ = std::move(reason);
  ending_ = true;
  quit();
}

void asker_base::on_exit() {
  deadline_actor::on_exit();
  ctx_.forget(std::exchange(callback_, 0));
  if (!ending_)
    reason_ = error{errc::worker_died, name_, "the service's actor was ended from outside"};
  // First the accounts: what is open now is abandoned.
  account_->shut();
  account_->finish(reason_);
  give_up({errc::closed, name_, "the service ended before it got to this call"});
  asked_ = nullptr;
}

error asker_base::meaning(const caf::error& e) const {
  if (e == caf::sec::request_timeout)
    return {errc::timed_out, name_, "no answer within " + as_text(timeout_)};
  if (e == caf::sec::request_receiver_down)
    return {errc::worker_died, name_, "the actor that was asked is gone"};
  return {errc::stage_failed, name_, caf::to_string(e)};
}

} // namespace troupe::detail
