#include <troupe/launch/run_supervisor.hpp>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

// Two timers may be pending: generation 0 is the context's deadline.
constexpr std::uint64_t deadline_generation = 0;

} // namespace

run_supervisor::run_supervisor(caf::actor_config& cfg, std::shared_ptr<run_state> state)
    : actor_base(cfg), state_(std::move(state)) {}

caf::message_handler run_supervisor::handlers() {
  return {
      [this](adopt_msg& msg) { adopt(msg); },
      [this](failed_msg& msg) { abort(msg.reason); },
      [this](stop_msg& msg) { abort(msg.reason); },
      [this](drain_msg msg) { drain(msg.limit); },
      [this](pause_stage_msg msg) { pause(msg); },
      [this](wishes_msg) {
        for (const auto& wish : state_->take_wishes())
          set_range(wish);
      },
      [this](strained_msg msg) {
        if (auto* const crew = crew_of(msg.stage))
          look_at(*crew);
      },
      [this](look_msg msg) {
        looking_[msg.stage] = false;
        if (auto* const crew = crew_of(msg.stage))
          look_at(*crew);
      },
      [this](timer_msg msg) {
        if (msg.generation == deadline_generation)
          abort({errc::deadline_exceeded, {}, "the deadline of the run's context has passed"});
        else if (msg.generation == drain_generation_)
          abort(
              {errc::timed_out, {}, "the drain limit of " + as_text(drain_limit_) + " has passed"});
      },
  };
}

void run_supervisor::adopt(adopt_msg& msg) {
  crews_ = std::move(msg.crews);
  shown_ = std::move(msg.shown);
  adopted_ = true;
  for (auto& c : msg.children)
    watch(std::move(c));
  if (alive_ == 0) // there was no thread for the first of them
    quit();
  follow(state_->ctx());
  // A stop or drain may have overtaken us.
  if (aborting_)
    for (const auto& c : children_)
      send_urgent(this, c.actor, abort_msg{});
  else if (drain_generation_ > 0)
    drain(drain_limit_);
}

void run_supervisor::watch(child c) {
  ++alive_;
  const auto index = children_.size();
  const auto actor = c.actor;
  children_.push_back(std::move(c));
  watch_actor(actor, [this, index](const caf::error& r) { on_child_gone(index, r); });
}

void run_supervisor::follow(troupe::context& ctx) {
  if (const auto left = ctx.remaining())
    send_after(this, *left, timer_msg{deadline_generation});
  // The context outlives us: it gets what it needs by value, and forgets it when we end.
  callback_ = ctx.on_cancel([self = caf::actor{this}, state = state_] {
    const auto reason = state->end_of_context();
    state->halt(reason);
    detail::anon_send_urgent(self, stop_msg{reason});
  });
}

void run_supervisor::on_child_gone(std::size_t index, const caf::error& reason) {
  const auto gone = std::exchange(children_[index], {});
  if (reason)
    on_killed(gone);
  else if (gone.is_distributor)
    on_distributor_gone(gone.stage);
  if (--alive_ == 0)
    quit();
}

// One of several workers can be spared: the others take over what it had.
void run_supervisor::on_killed(const child& c) {
  if (aborting_)
    return;
  auto* const crew = crew_of(c.stage);
  if (crew == nullptr || !crew->has(c.actor)) {
    abort(
        {errc::worker_died, stage_name(c.stage), "an actor of this stage was ended from outside"});
    return;
  }
  try {
    if (const auto successor = crew->lose(c.actor))
      watch({*successor, c.stage});
  } catch (const std::system_error& e) {
    abort({errc::worker_died, stage_name(c.stage),
           std::string{"a worker of this stage died, and there is no thread for another: "}
               + e.what()});
    return;
  }
  shown_->set(c.stage, crew->workers());
  if (crew->is_empty() && !crew->is_closed())
    abort({errc::worker_died, stage_name(c.stage),
           "all workers of this stage were ended from outside"});
}

// Its workers end before it does; one that it was never told of has nothing to do.
void run_supervisor::on_distributor_gone(std::size_t stage) {
  auto* const crew = crew_of(stage);
  if (crew == nullptr)
    return;
  crew->close();
  for (const auto& worker : crew->workers())
    send_urgent(this, worker, abort_msg{});
}

crew* run_supervisor::crew_of(std::size_t stage) const {
  for (const auto& c : crews_)
    if (c->stage() == stage)
      return c.get();
  return nullptr;
}

void run_supervisor::pause(pause_stage_msg msg) {
  if (auto* const crew = crew_of(msg.stage))
    crew->pause(msg.paused);
}

void run_supervisor::set_range(const crew_wish& wish) {
  auto* const crew = crew_of(wish.stage);
  if (crew == nullptr)
    return;
  crew->set_range(wish.min, wish.max);
  resize(*crew, std::clamp(crew->active(), wish.min, wish.max));
  look_at(*crew);
}

void run_supervisor::look_at(crew& c) {
  resize(c, c.wanted(state_->now()));
  looking_.resize(state_->stages().size());
  const auto after = c.look_after();
  if (!after || looking_[c.stage()] || aborting_)
    return;
  looking_[c.stage()] = true;
  send_after(this, *after, look_msg{c.stage()});
}

void run_supervisor::resize(crew& c, std::size_t workers) {
  if (aborting_ || c.is_closed() || c.is_empty() || workers == c.active())
    return;
  for (auto& worker : c.resize(workers))
    watch({std::move(worker), c.stage()});
  shown_->set(c.stage(), c.workers());
}

void run_supervisor::drain(duration limit) {
  drain_limit_ = limit;
  const auto generation = ++drain_generation_;
  if (!adopted_)
    return;
  for (const auto& c : children_)
    if (c.is_source && c.actor)
      send_urgent(this, c.actor, finish_msg{});
  send_after(this, limit, timer_msg{generation});
}

void run_supervisor::abort(const error& reason) {
  state_->halt(reason);
  if (std::exchange(aborting_, true))
    return;
  for (const auto& c : children_)
    if (c.actor)
      send_urgent(this, c.actor, abort_msg{});
}

void run_supervisor::on_exit() {
  state_->ctx().forget(std::exchange(callback_, 0));
  // The children watch us: they end too.
  if (alive_ > 0 || !adopted_)
    state_->halt({errc::worker_died, "supervisor", "the run's supervisor was ended from outside"});
  children_.clear();
  for (const auto& c : crews_)
    c->release();
  crews_.clear();
  shown_ = nullptr;
  state_ = nullptr;
}

} // namespace troupe::detail
