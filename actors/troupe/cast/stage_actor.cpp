#include <troupe/cast/stage_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

stage_actor::stage_actor(caf::actor_config& cfg, user_actor_setup common, stage_setup setup)
    : user_actor(cfg, std::move(common)), make_kernel_(std::move(setup.make_kernel)),
      on_error_(std::move(setup.on_error)), in_(setup.sizer), out_(std::move(setup.out)),
      rng_(static_cast<unsigned>(id())), distributed_(setup.distributed),
      restarts_(setup.restarts) {
  times_items_ = true;
}

caf::message_handler stage_actor::handlers() {
  return caf::message_handler{
      [this](end_msg) {
        in_.end();
        pump();
      },
      [this](enough_msg) {
        advance(progress::satisfied);
        pump();
      },
      [this](full_msg msg) {
        full_.note(msg.number);
        pump();
      },
      [this](plan_msg msg) {
        out_->replan(msg.plan);
        pump();
      },
      [this](retune_msg) {
        if (kernel_ != nullptr)
          kernel_->retune(state().tuned(stage()).take(), now());
        pump();
      },
  }
      .or_else(common_handlers());
}

void stage_actor::on_data(batch_ptr batch, std::uint32_t) {
  in_.push(std::move(batch));
  pump();
}

void stage_actor::on_demand(batch_ptr batch, std::uint32_t) {
  out_->home(std::move(batch));
  // Mostly there is nothing that was waiting for it.
  if (starved() || out_->current() != nullptr || out_->ended())
    pump();
}

void stage_actor::wire(wire_msg& msg) {
  if (!msg.upstream.empty()) {
    in_.connect(std::move(msg.upstream.front()));
    if (satisfied()) // that nothing is wanted may come first
      in_.tell_enough(*this);
  }
  if (!msg.downstream.empty())
    out_->connect(std::move(msg.downstream.front()));
  if (!in_.connected() || (out_ && !out_->connected()))
    return;
  if (!halted())
    guarded([this] { make_kernel(); });
  if (!restarts_)
    make_kernel_ = nullptr;
  if (kernel_ != nullptr && kernel_->wants_nothing())
    enough();
  pump();
}

// Killed while others go on: results that are ready are theirs to pass on, and what has not been
// dealt with is taken up by another worker.
void stage_actor::settle() noexcept {
  if (!distributed_)
    return;
  counts().give_back_rest();
  if (out_ && out_->connected() && !halted() && out_->current() != nullptr
      && out_->current()->size() > 0)
    out_->send_now(*this, now());
}

void stage_actor::release() {
  in_.disconnect();
  if (out_)
    out_->disconnect();
  kernel_ = nullptr;
  make_kernel_ = nullptr;
}

void stage_actor::pump() {
  clock_ = now();
  if (starved())
    obstacle_ = obstacle::none;
  if (can_work() && expire_if_due())
    while (can_work() && !held_back() && !in_.empty() && work_on(in_.front()))
      in_.pop(*this);
  if (can_work()) {
    if (progress_ >= progress::complete || in_.exhausted())
      finish();
    // Without demand nothing can be handed on, and its return is waited for anyway.
    if (const auto due = kernel_->due(); due && !finished() && !starved())
      wake_at(*due);
  }
  if (out_ && may_work())
    out_->send_if_due(*this, clock_);
  if (!full_.empty() && starved() && !in_.empty())
    pass_on_full();
  stand();
  publish();
  if (finished() && in_.exhausted() && (!out_ || out_->settled()))
    quit();
}

void stage_actor::on_timer() {
  if (obstacle_ == obstacle::retry)
    obstacle_ = obstacle::none;
  pump();
}

void stage_actor::take_up(batch_base& in) {
  in.taken_up = true;
  if (!distributed_)
    in.first = counts().totals().received;
  counts().receive(in.left());
  const auto waited = std::max(duration::zero(), duration{clock_ - in.sent_at});
  block().wait.record(static_cast<std::uint64_t>(waited.count()), in.left());
  if (times_items_)
    publish();
}

void stage_actor::pass_on_full() {
  for (const auto number : full_)
    in_.tell_full(*this, number);
  full_.clear();
}

// Behind all that came before. At the end, that is said instead.
bool stage_actor::pass_on_rest(const batch_base& rest) {
  if (!out_ || out_->ended() || in_.ended())
    return true;
  if (kernel_->due()) // it holds something
    return in_.put_off_rests() && work_on(in_.front());
  const bool sent = out_->send_rest(*this, clock_, rest.marks.front().sequence);
  obstacle_ = sent ? obstacle::none : obstacle::demand;
  return sent;
}

// Whether `in` has been dealt with; false: no demand, or an item stands in the way.
bool stage_actor::work_on(batch_base& in) {
  if (in.rests())
    return pass_on_rest(in);
  if (!in.taken_up)
    take_up(in);
  while (in.left() > 0) {
    if (satisfied()) {
      counts().filter(in.left());
      in.cursor = in.size();
    } else if (!step(in)) {
      return false;
    }
  }
  if (out_ && !in.marks.empty())
    return close_mark(in);
  if (out_)
    out_->send_if_due(*this, clock_);
  return true;
}

batch_base* stage_actor::open(std::size_t most) {
  auto* const out = out_->open(most);
  obstacle_ = out == nullptr ? obstacle::demand : obstacle::none;
  return out;
}

batch_base* stage_actor::open_for(const batch_base& in) {
  if (in.marks.empty())
    return open();
  // Results of a numbered batch leave with it, and those of a later one may have to wait for those
  // of another worker: to wait for room for more than they need would be to wait for that worker.
  auto* const out = open(std::max<std::size_t>(1, in.left()));
  if (out != nullptr) {
    out->marks = in.marks;
    for (auto& mark : out->marks)
      mark.last = false;
  }
  return out;
}

bool stage_actor::step(batch_base& in) {
  batch_base* out = nullptr;
  if (out_ && (out = open_for(in)) == nullptr)
    return false;
  const auto cursor = in.cursor;
  const auto filled = out != nullptr ? out->size() : 0;
  const auto began = clock_;
  working_on_ = &in;
  position_ = in.cursor;
  begin_call(began, in.index_of(in.cursor), times_items_ ? 1 : in.left(), worth_timing);
  if (kernel_->step(in, out, *this))
    renew(in);
  working_on_ = nullptr;
  clock_ = now();
  const duration spent = clock_ - began;
  busy_ += spent;
  if (const auto items = in.cursor - cursor; items > 0) {
    if (!times_items_)
      block().latency.record(static_cast<std::uint64_t>(spent.count()) / items, items);
    in_.sizer().record(items, spent);
    times_items_ = in_.sizer().per_item() >= worth_timing;
  }
  if (out != nullptr) {
    counts().emit(out->size() - filled);
    // The last one of a numbered batch leaves with its mark, which `close_mark` puts on it.
    if (out->size() >= out->limit && (in.marks.empty() || in.left() > 0))
      out_->send_now(*this, clock_);
  }
  return can_work() && !held_back();
}

// The merger waits for everything that results from one numbered batch: say that this was all.
bool stage_actor::close_mark(const batch_base& in) {
  if (!in.marks.back().last) {
    if (out_->current() != nullptr && out_->current()->size() > 0)
      out_->send_now(*this, clock_);
    return true;
  }
  auto* const out = open(0);
  if (out == nullptr)
    return false;
  out->marks = in.marks;
  out_->send_now(*this, clock_);
  return true;
}

bool stage_actor::expire_if_due() {
  for (auto due = kernel_->due(); due && *due <= clock_; due = kernel_->due()) {
    batch_base* out = nullptr;
    if (out_ && (out = open()) == nullptr)
      return false;
    const auto filled = out != nullptr ? out->size() : 0;
    begin_call(clock_, counts().totals().received, 1, {});
    guarded([&] { kernel_->expire(clock_, out, *this); });
    if (out != nullptr) {
      counts().emit(out->size() - filled);
      if (out->size() >= out->limit)
        out_->send_now(*this, clock_);
    }
    if (!can_work())
      return false;
  }
  return true;
}

// The input is complete: what is held goes out, then the end.
void stage_actor::finish() {
  while (!finished()) {
    batch_base* out = nullptr;
    if (out_ && (out = open()) == nullptr)
      return;
    const auto filled = out != nullptr ? out->size() : 0;
    bool complete = false;
    begin_call(clock_, counts().totals().received, 1, {});
    guarded([&] { complete = kernel_->finish(out, *this); });
    if (!may_work())
      return;
    if (complete)
      progress_ = progress::finished;
    if (out != nullptr) {
      counts().emit(out->size() - filled);
      if (out->size() > 0)
        out_->send_now(*this, clock_);
    }
  }
  if (out_)
    out_->end(*this);
}

// The kernel itself needs no more: what is behind it need not wait for the sources to notice.
void stage_actor::enough() { advance(progress::complete); }

void stage_actor::advance(progress p) {
  const bool told = satisfied();
  progress_ = std::max(progress_, p);
  if (!told && in_.connected())
    in_.tell_enough(*this);
}

} // namespace troupe::detail
