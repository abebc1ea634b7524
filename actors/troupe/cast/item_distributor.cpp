#include <troupe/cast/item_distributor.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace troupe::detail {

item_distributor::item_distributor(caf::actor_config& cfg, user_actor_setup common,
                                   item_distributor_setup setup)
    : user_actor(cfg, std::move(common)), setup_(std::move(setup)), in_(batch_sizer{setup_.batch}),
      out_(setup_.items, setup_.workers ? setup_.plans.front().items : outlet_set::no_limit) {
  if (to_workers())
    out_.keep_hold();
}

caf::message_handler item_distributor::handlers() {
  return caf::message_handler{
      [this](end_msg) {
        in_.end();
        pump();
      },
      [this](enough_msg msg) {
        unwanted_.push_back(msg.outlet);
        take_unwanted();
        pump();
      },
      [this](full_msg msg) {
        if (full_.size() <= msg.outlet)
          full_.resize(msg.outlet + 1);
        full_[msg.outlet].note(msg.number);
        pending_.note(msg.number);
        pump();
      },
      [this](missing_msg msg) {
        missing_ = msg.number;
        pump();
      },
      [this](const crew_msg& msg) {
        take_in(msg);
        pump();
      },
  }
      .or_else(common_handlers());
}

void item_distributor::on_data(batch_ptr batch, std::uint32_t) {
  in_.push(std::move(batch));
  pump();
}

void item_distributor::on_demand(batch_ptr batch, std::uint32_t outlet) {
  out_.home(std::move(batch), outlet);
  pump();
}

void item_distributor::wire(wire_msg& msg) {
  in_.connect(std::move(msg.upstream.front()));
  try {
    kernel_ = setup_.make_dispatch();
  } catch (...) {
    break_down(describe(std::current_exception()));
    return;
  }
  for (std::size_t i = 0; i < msg.downstream.size(); ++i) {
    const std::size_t plan = to_workers() ? 0 : i;
    out_.add(setup_.plans[plan], setup_.numbers[plan]);
    out_.connect(i, msg.downstream[i]);
    if (to_workers())
      employ(msg.downstream[i].actor, i);
  }
  if (to_workers()) {
    active_ = *setup_.workers;
    kernel_->resize(active_);
  }
  take_unwanted();
  pump();
}

// Not before we are wired; that nothing is wanted may come first.
void item_distributor::take_unwanted() {
  if (out_.size() == 0)
    return;
  for (const auto outlet : std::exchange(unwanted_, {}))
    out_.satisfy(outlet);
  // Workers feed the same merger: what one says holds for all, also for those that are dead.
  if ((to_workers() ? out_.any_satisfied() : out_.all_satisfied())
      && !std::exchange(satisfied_, true))
    in_.tell_enough(*this);
}

void item_distributor::settle() noexcept {
  // As a part of a stage it holds what is on that stage's edge: nothing of its own to account for.
  if (to_workers())
    counts().give_back_rest();
}

void item_distributor::release() {
  in_.disconnect();
  out_.disconnect();
  again_.clear();
  kernel_ = nullptr;
  setup_.make_dispatch = nullptr;
}

// -- workers --------------------------------------------------------------------------------------

void item_distributor::employ(const caf::actor& worker, std::size_t slot) {
  ++alive_;
  watch_actor(worker, [this, slot](const caf::error&) { on_worker_gone(slot); });
}

void item_distributor::take_in(const crew_msg& msg) {
  for (const auto& worker : msg.added) {
    if (dismissed_) {
      send_urgent(this, worker, abort_msg{});
      continue;
    }
    const auto slot = out_.size();
    out_.add(setup_.plans.front(), setup_.numbers.front());
    out_.connect(slot, {worker, 0});
    // The merger learns of this input before any of its inputs can have ended.
    if (msg.merger)
      detail::send(this, msg.merger, lane_msg{worker});
    detail::send(this, worker,
                 wire_msg{{{caf::actor{this}, static_cast<std::uint32_t>(slot)}}, {}});
    employ(worker, slot);
  }
  active_ = state().wanted_workers(stage());
  resize_to_ = active_;
}

void item_distributor::on_worker_gone(std::size_t slot) {
  --alive_;
  kernel_->remove(slot);
  if (alive_ >= active_) // one that is parked takes over
    resize_to_ = active_;
  auto lost = out_.lose(slot);
  // Dealt out again they would get new numbers, and the old ones be waited for in vain: also that
  // of a batch of which only the word is missing that it was all.
  const bool missed = setup_.numbers.front()
                      && std::any_of(lost.begin(), lost.end(),
                                     [](const batch_ptr& batch) { return !batch->marks.empty(); });
  std::uint64_t items = 0;
  for (const auto& batch : lost)
    items += batch->left();
  std::erase_if(lost, [](const batch_ptr& batch) { return batch->left() == 0 && !batch->rests(); });
  // It had them before what an earlier death has left could be dealt out: their keys' order.
  again_.insert(again_.begin(), std::make_move_iterator(lost.begin()),
                std::make_move_iterator(lost.end()));
  state().count_redelivered(stage(), items);
  if (missed)
    break_down({errc::worker_died,
                {},
                "a worker that had items by key was ended from outside; "
                "their order cannot be kept"});
  if (dismissed_ && alive_ == 0)
    quit();
  else
    pump();
}

// A key may change its worker: not while something of it is on its way to the old one.
bool item_distributor::resize_if_due() {
  if (!resize_to_)
    return true;
  out_.flush();
  if (!out_.settled())
    return false;
  kernel_->resize(std::min(*std::exchange(resize_to_, std::nullopt), alive_));
  return true;
}

// -- items ----------------------------------------------------------------------------------------

void item_distributor::pump() {
  if (kernel_ == nullptr || (to_workers() && alive_ == 0))
    return;
  clock_ = now();
  out_.begin(*this, clock_);
  if (may_work() && resize_if_due() && deal_again())
    deal();
  if (may_work()) {
    out_.send_due();
    if (setup_.join != 0 && !in_.exhausted())
      rest(in_.empty() ? (resting_ ? missing_ : 0) : full_below());
    if (!pending_.empty() && !in_.empty())
      pass_on_full();
  }
  if (to_workers())
    state().show_crew(stage(), out_.busy(), in_.empty() ? time_point{} : in_.front().sent_at);
  else
    show_sent();
  publish();
  finish_if_done();
}

void item_distributor::show_sent() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < out_.size(); ++i) {
    const auto sent = out_.sent(i);
    state().crew(stage()).branch_sent[i].store(sent, std::memory_order_relaxed);
    sum += sent;
  }
  counts().emit(sum - counts().totals().emitted);
}

bool item_distributor::step(batch_base& in) {
  if (in.rests())
    return pass_on_rest(in.marks.front());
  try {
    kernel_->step(in, out_);
  } catch (...) {
    const auto why = describe(std::current_exception());
    counts().fail(1);
    error located{
        why.code(), {}, "item " + std::to_string(in.index_of(in.cursor)) + ": " + why.message()};
    if (shows(loss::failed))
      show(error{located}.with_attempts(1), kernel_->view(in));
    break_down(std::move(located));
    return false;
  }
  return in.left() == 0;
}

// False: there is no room for the next one.
bool item_distributor::deal_again() {
  while (!again_.empty() && step(*again_.front()))
    again_.pop_front();
  return again_.empty();
}

void item_distributor::deal() {
  while (may_work() && !in_.empty()) {
    auto& batch = in_.front();
    if (!std::exchange(batch.taken_up, true)) {
      batch.first = dealt_;
      dealt_ += batch.size();
      counts().receive(batch.size());
    }
    const auto cursor = batch.cursor;
    begin_call(clock_, batch.left(), worth_timing);
    const bool used_up = step(batch);
    const auto items = batch.cursor - cursor;
    const auto filtered = out_.take_skipped();
    const duration spent = now() - clock_;
    clock_ += spent;
    out_.begin(*this, clock_);
    busy_ += spent;
    in_.sizer().record(items, spent);
    counts().filter(filtered);
    counts().deliver(items - filtered);
    if (!used_up)
      return;
    resting_ = batch.rests();
    in_.pop(*this);
  }
}

void item_distributor::finish_if_done() {
  if (!in_.exhausted() || !again_.empty() || !may_work())
    return;
  // Workers are kept until all is dealt with: one of them may die, and then the others are needed.
  if (to_workers())
    out_.flush();
  if (!dismissed_ && (!to_workers() || out_.settled())) {
    dismissed_ = true;
    out_.end();
  }
  if (dismissed_ && (to_workers() ? alive_ == 0 : out_.settled()))
    quit();
}

} // namespace troupe::detail
