#include <troupe/detail/supervisor_actor.hpp>

#include <utility>

namespace troupe::detail {

namespace {

// Two timers may be pending: generation 0 is the context's deadline.
constexpr std::uint64_t deadline_generation = 0;

std::string seconds(duration d) {
  auto text = std::to_string(std::chrono::duration<double>(d).count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + " s";
}

} // namespace

supervisor_actor::supervisor_actor(caf::actor_config& cfg, std::shared_ptr<run_state> state)
    : actor_base(cfg), state_(std::move(state)) {}

caf::message_handler supervisor_actor::handlers() {
  return {
      [this](adopt_msg& msg) { adopt(msg); },
      [this](failed_msg& msg) { abort(msg.reason); },
      [this](stop_msg& msg) { abort(msg.reason); },
      [this](drain_msg msg) { drain(msg.limit); },
      [this](timer_msg msg) {
        if (msg.generation == deadline_generation)
          abort({errc::deadline_exceeded, {}, "the deadline of the run's context has passed"});
        else if (msg.generation == drain_generation_)
          abort(
              {errc::timed_out, {}, "the drain limit of " + seconds(drain_limit_) + " has passed"});
      },
  };
}

void supervisor_actor::adopt(adopt_msg& msg) {
  children_ = std::move(msg.children);
  alive_ = children_.size();
  adopted_ = true;
  for (std::size_t i = 0; i < children_.size(); ++i)
    watch_actor(children_[i].actor, [this, i](const caf::error& r) { on_child_gone(i, r); });
  follow(state_->ctx());
  // A stop or drain may have overtaken us.
  if (aborting_)
    for (const auto& c : children_)
      send_urgent(this, c.actor, abort_msg{});
  else if (drain_generation_ > 0)
    drain(drain_limit_);
}

void supervisor_actor::follow(troupe::context& ctx) {
  if (const auto left = ctx.remaining())
    send_after(this, *left, caf::actor{this}, timer_msg{deadline_generation});
  // The context outlives us: it gets what it needs by value, and forgets it when we end.
  callback_ = ctx.on_cancel([self = caf::actor{this}, state = state_] {
    const error reason{errc::cancelled, {}, "the run's context was cancelled"};
    state->halt(reason);
    detail::anon_send_urgent(self, stop_msg{reason});
  });
}

void supervisor_actor::on_child_gone(std::size_t index, const caf::error& reason) {
  auto& c = children_[index];
  c.actor = nullptr;
  if (reason)
    abort({errc::worker_died, c.stage, "an actor of this stage was ended from outside"});
  if (--alive_ == 0)
    quit();
}

void supervisor_actor::drain(duration limit) {
  drain_limit_ = limit;
  const auto generation = ++drain_generation_;
  if (!adopted_)
    return;
  for (const auto& c : children_)
    if (c.is_source && c.actor)
      send_urgent(this, c.actor, finish_msg{});
  send_after(this, limit, caf::actor{this}, timer_msg{generation});
}

void supervisor_actor::abort(const error& reason) {
  state_->halt(reason);
  if (std::exchange(aborting_, true))
    return;
  for (const auto& c : children_)
    if (c.actor)
      send_urgent(this, c.actor, abort_msg{});
}

void supervisor_actor::on_exit() {
  state_->ctx().forget(std::exchange(callback_, 0));
  // The children watch us: they end too.
  if (alive_ > 0 || !adopted_)
    state_->halt({errc::worker_died, "supervisor", "the run's supervisor was ended from outside"});
  children_.clear();
  // A pending timer may keep this object for longer than the run.
  state_ = nullptr;
}

} // namespace troupe::detail
