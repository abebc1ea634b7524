#include <troupe/call/call_supervisor_base.hpp>

#include <algorithm>
#include <system_error>

#include <troupe/tools/retry_loop.hpp>

namespace troupe::detail {

call_supervisor_base::call_supervisor_base(caf::actor_config& cfg,
                                           std::shared_ptr<request_account> account,
                                           const troupe::context& ctx, std::size_t workers,
                                           const backoff& restarts)
    : answering_actor(cfg, std::move(account), ctx), clock_(system()), rng_(fresh_rng()),
      restarts_(restarts), workers_(workers) {}

// Called once, when the actor begins.
caf::message_handler call_supervisor_base::handlers() {
  auto common = answering_actor::handlers();
  for (std::size_t i = 0; i < workers_.size() && !is_ending(); ++i) {
    workers_[i].restarts = restarts_;
    start_worker(i);
  }
  return caf::message_handler{[this](alarm_msg msg) { on_alarm(msg.at); }}.or_else(
      std::move(common));
}

void call_supervisor_base::on_exit() {
  answering_actor::on_exit();
  timers_.clear();
  waiting_.clear();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    show_worker(i, nullptr);
    if (!workers_[i].actor)
      continue;
    anon_kill(workers_[i].actor);
    if (workers_[i].busy_with != 0) // abandoned: nobody knows how long its function takes
      account_->forget(workers_[i].actor);
  }
  workers_.clear();
}

// -- workers --------------------------------------------------------------------------------------

void call_supervisor_base::start_worker(std::size_t i) {
  auto& w = workers_[i];
  w.began = now();
  try {
    w.actor = spawn_worker();
  } catch (const std::system_error&) { // no thread for it: perhaps later
    worker_died(i);
    return;
  }
  account_->keep(w.actor, troupe::thread::own);
  show_worker(i, w.actor);
  watch_actor(w.actor, [this, i](const caf::error&) { worker_died(i); });
}

void call_supervisor_base::worker_died(std::size_t i) {
  if (i >= workers_.size()) // this actor has ended
    return;
  auto& w = workers_[i];
  w.actor = nullptr;
  show_worker(i, nullptr);
  account_->restart();
  if (elapsed(w.began, now()) >= w.restarts.min)
    w.restarts.reset();
  set_timer(w.restarts.next(rng_), [this, i] {
    start_worker(i);
    dispatch();
  });
  if (const auto lost = std::exchange(w.busy_with, 0)) {
    account_->end_work(i);
    lose(lost);
  }
  end_if_empty();
}

void call_supervisor_base::line_up(attempt_id id) {
  waiting_.insert(id);
  dispatch();
}

void call_supervisor_base::worker_is_free(std::size_t i, attempt_id made, bool crashed) {
  // Else it is news of one that has died since, and been replaced.
  if (workers_[i].busy_with == made) {
    workers_[i].busy_with = 0;
    account_->end_work(i);
  }
  if (crashed)
    account_->restart();
  dispatch();
  end_if_empty();
}

bool call_supervisor_base::is_idle() const {
  return std::all_of(workers_.begin(), workers_.end(),
                     [](const worker& w) { return w.busy_with == 0; });
}

void call_supervisor_base::dispatch() {
  for (std::size_t i = 0; i < workers_.size() && !waiting_.empty(); ++i) {
    auto& w = workers_[i];
    if (!w.actor || w.busy_with != 0)
      continue;
    w.busy_with = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    account_->begin_work(i);
    hand_over(w.busy_with, i, w.actor);
  }
}

// -- timers ---------------------------------------------------------------------------------------

call_supervisor_base::timer_id call_supervisor_base::set_timer(duration after, timers::function f) {
  const auto id = timers_.add(later(now(), std::max(after, duration::zero())), std::move(f));
  set_alarm();
  return id;
}

void call_supervisor_base::set_alarm() {
  const auto next = timers_.next();
  if (!next || (alarm_ && *alarm_ <= *next))
    return;
  alarm_ = next;
  send_after(this, elapsed(now(), *next), alarm_msg{*next});
}

void call_supervisor_base::on_alarm(time_point at) {
  if (alarm_ != at) // an earlier one was set since
    return;
  alarm_.reset();
  while (const auto f = timers_.take_due(now()))
    f();
  set_alarm();
}

} // namespace troupe::detail
