#include <troupe/cast/item_distributor.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::detail {

item_distributor::item_distributor(caf::actor_config& cfg, user_actor_setup common,
                                   const item_distributor_setup& setup)
    : dispatch_actor(cfg, std::move(common), setup.dispatch, setup.plan.items), plan_(setup.plan),
      numbers_(setup.numbers) {
  crew_.use(setup.workers);
  out_.keep_hold();
}

caf::message_handler item_distributor::handlers() {
  return caf::message_handler{
      [this](const crew_msg& msg) {
        take_in(msg);
        pump();
      },
  }
      .or_else(dispatch_actor::handlers());
}

void item_distributor::release() {
  again_.clear();
  dispatch_actor::release();
}

// As a part of a stage it holds what is on that stage's edge: nothing of its own to account for.
void item_distributor::settle() noexcept { counts().give_back_rest(); }

// -- workers --------------------------------------------------------------------------------------

void item_distributor::connect(std::size_t slot, const endpoint& receiver) {
  out_.add(plan_, numbers_);
  out_.connect(slot, receiver);
  crew_.joined();
  watch_actor(receiver.actor, [this, slot](const caf::error&) { on_worker_gone(slot); });
}

void item_distributor::on_connected() { kernel_->resize(crew_.active()); }

void item_distributor::take_in(const crew_msg& msg) {
  crew_.take_in(*this, msg, [this](const caf::actor& worker) {
    const auto slot = out_.size();
    connect(slot, {worker, 0});
    return static_cast<std::uint32_t>(slot);
  });
  crew_.use(state().wanted_workers(stage()));
  resize_to_ = crew_.active();
}

void item_distributor::on_worker_gone(std::size_t slot) {
  crew_.gone();
  kernel_->remove(slot);
  if (crew_.alive() >= crew_.active()) // one that is parked takes over
    resize_to_ = crew_.active();
  auto lost = out_.lose(slot);
  // Dealt out again they would get new numbers, and the old ones be waited for in vain: also that
  // of a batch of which only the word is missing that it was all.
  const bool missed = numbers_ && std::any_of(lost.begin(), lost.end(), [](const batch_ptr& batch) {
                        return !batch->marks.empty();
                      });
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
  if (crew_.is_over())
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
  kernel_->resize(std::min(*std::exchange(resize_to_, std::nullopt), crew_.alive()));
  return true;
}

// -- items ----------------------------------------------------------------------------------------

// First what dead workers have left behind.
bool item_distributor::clear_the_way() {
  if (!resize_if_due())
    return false;
  while (!again_.empty() && step(*again_.front()))
    again_.pop_front();
  return again_.empty();
}

// Their merger does not look which of them says it, so one will do.
bool item_distributor::pass_on_rest(order_mark rest) {
  out_.flush();
  std::size_t i = 0;
  while (i < out_.size() && !out_.pass_on_rest(i, rest))
    ++i;
  return i < out_.size();
}

void item_distributor::show_load() {
  state().show_crew(stage(), out_.busy(), in_.empty() ? time_point{} : in_.front().sent_at);
}

// Workers are kept until all is dealt with: one of them may die, and then the others are needed.
void item_distributor::finish() {
  if (!again_.empty())
    return;
  out_.flush();
  if (out_.settled() && crew_.dismiss())
    out_.end();
}

bool item_distributor::is_done() const noexcept { return crew_.is_over(); }

} // namespace troupe::detail
