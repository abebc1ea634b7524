#include <troupe/cast/user_actor.hpp>

#include <utility>

namespace troupe::detail {

user_actor::user_actor(caf::actor_config& cfg, user_actor_setup setup)
    : linked_actor(cfg),
      kernel_host(setup.state->halted(), setup.state->ctx(), setup.state->shown()),
      state_(std::move(setup.state)), stage_(setup.stage), block_(setup.block),
      supervisor_(std::move(setup.supervisor)) {
  // Where a dead worker counted, its successor goes on.
  if (block_ != nullptr) {
    counters so_far;
    block_->add_to(so_far, busy_);
    counts() = item_account{so_far};
    published_busy_ = busy_;
    block_->stand({.doing = stands_, .since = state_->now()});
  }
}

// Where nothing has happened since, it goes on doing what it did.
void user_actor::stand(phase doing, time_point now, std::optional<time_point> until) noexcept {
  if (block_ == nullptr || (doing == stands_ && calls_ == calls_before_))
    return;
  stands_ = doing;
  calls_before_ = calls_;
  block_->stand({.doing = doing, .since = now, .until = until});
}

void user_actor::on_exit() {
  // Reached on every way out, also when killed: what is in our hands is lost, and said to be.
  settle();
  counts().abandon_rest();
  stand(phase::ended, now());
  publish();
  supervisor_ = nullptr;
  release();
}

void user_actor::on_exit_msg(const caf::error& reason) { quit(reason); }

caf::message_handler user_actor::common_handlers() {
  return {
      [this](timer_msg msg) {
        if (msg.generation != timer_generation_)
          return;
        wakes_at_.reset();
        on_timer();
      },
      [this](wire_msg& msg) {
        if (!std::exchange(watching_, true))
          watch_actor(supervisor_, [this](const caf::error&) { quit(); });
        wire(msg);
      },
      [this](abort_msg) { quit(); },
      [this](pause_msg msg) {
        paused_ = msg.paused;
        stand(paused_ ? phase::paused : phase::idle, now());
        if (!paused_)
          pump();
      },
  };
}

void user_actor::on_exception(const std::exception_ptr& thrown) noexcept {
  if (!broken_)
    break_down(describe(thrown));
}

void user_actor::keep(const caf::actor& actor) { state_->keep(actor); }

void user_actor::end_with(error reason) {
  state_->end_with(std::move(reason).with_stage(stage_name()));
}

void user_actor::show(const error& why, const item_view& item) noexcept {
  state_->show(stage_, why, item);
}

void user_actor::break_down(error reason) {
  broken_ = true;
  stand(phase::ended, now());
  publish();
  send_urgent(this, supervisor_, failed_msg{std::move(reason).with_stage(stage_name())});
}

void user_actor::wake_at(time_point at) {
  if (wakes_at_ && *wakes_at_ <= at)
    return;
  wakes_at_ = at;
  send_after(this, elapsed(now(), at), timer_msg{++timer_generation_});
}

} // namespace troupe::detail
