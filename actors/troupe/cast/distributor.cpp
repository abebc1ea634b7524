#include <troupe/cast/distributor.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

distributor::distributor(caf::actor_config& cfg, std::shared_ptr<run_state> state,
                         caf::actor supervisor, distributor_setup setup)
    : relay_actor(cfg, std::move(state), std::move(supervisor)), setup_(std::move(setup)) {}

caf::message_handler distributor::handlers() {
  return relay_actor::handlers().or_else([this](const crew_msg& msg) { take_in(msg); });
}

void distributor::release() {
  waiting_.clear();
  lent_.clear();
  left_behind_.clear();
}

// -- workers --------------------------------------------------------------------------------------

void distributor::on_wired() {
  for (const auto& worker : downstream_)
    employ(worker);
  crew_.use(downstream_.size());
}

void distributor::employ(const endpoint& worker) {
  const auto slot = setup_.to.add();
  lent_.emplace_back();
  full_.emplace_back();
  crew_.joined();
  watch_actor(worker.actor, [this, slot](const caf::error&) { on_worker_gone(slot); });
}

void distributor::take_in(const crew_msg& msg) {
  const auto slots = crew_.take_in(*this, msg, [this](const caf::actor& worker) {
    downstream_.push_back({worker, 0});
    employ(downstream_.back());
    return static_cast<std::uint32_t>(downstream_.size() - 1);
  });
  if (setup_.numbers && msg.successor_of)
    for (const auto slot : slots)
      expect_heir(slot, msg.successor_of);
  crew_.use(state().wanted_workers(setup_.stage));
  setup_.to.resize(crew_.active());
  dispatch();
}

void distributor::on_worker_gone(std::size_t slot) {
  crew_.gone();
  setup_.to.remove(slot);
  setup_.to.resize(crew_.active());
  auto lost = take_back(slot);
  if (!setup_.numbers) {
    waiting_.insert(waiting_.begin(), lost.begin(), lost.end());
  } else {
    if (!lost.empty())
      left_behind_[slot] = std::move(lost);
    if (heirs_.contains(slot))
      hand_down(slot);
  }
  dispatch();
  if (crew_.is_over())
    quit();
}

// What a dead worker has not dealt with.
std::deque<batch_ptr> distributor::take_back(std::size_t slot) {
  std::deque<batch_ptr> lost;
  std::uint64_t items = 0;
  for (auto& batch : std::exchange(lent_[slot], {})) {
    if (batch->homeward) { // in our mailbox
      lent_[slot].push_back(std::move(batch));
      continue;
    }
    items += batch->left();
    batch->taken_up = false;
    // With marks it is to be finished by somebody, even if no item is left in it.
    if (batch->left() > 0 || !batch->marks.empty())
      lost.push_back(std::move(batch));
    else
      send_demand(std::move(batch), upstream_.front(), want_);
  }
  state().count_redelivered(setup_.stage, items);
  return lost;
}

// The others may have used up all their buffers on results that wait for those of the dead one, so
// only a worker that has done nothing yet can take its place.
void distributor::expect_heir(std::size_t heir, const caf::actor& dead) {
  std::size_t slot = 0;
  while (downstream_[slot].actor != dead)
    ++slot;
  setup_.to.hold(heir);
  heirs_[slot] = heir;
  // If the dead one was an heir itself, of one of whose death we have not heard yet: so is this.
  for (auto& [dead_slot, its_heir] : heirs_)
    if (its_heir == slot)
      its_heir = heir;
  if (setup_.to.is_gone(slot))
    hand_down(slot);
}

void distributor::hand_down(std::size_t slot) {
  const auto heir = heirs_.extract(slot).mapped();
  auto left = left_behind_.extract(slot);
  if (setup_.to.is_gone(heir)) {
    if (left) // for the heir's heir, who is on its way; the heir itself was held, and had nothing
      left_behind_[heir] = std::move(left.mapped());
    return;
  }
  if (left)
    for (auto& batch : left.mapped())
      lend(std::move(batch), heir);
  const bool expects_more = std::any_of(heirs_.begin(), heirs_.end(),
                                        [heir](const auto& entry) { return entry.second == heir; });
  if (expects_more)
    return;
  setup_.to.release(heir);
  setup_.to.resize(crew_.active());
}

// -- batches --------------------------------------------------------------------------------------

void distributor::on_data(batch_ptr batch, std::uint32_t) {
  batch->first = next_item_;
  next_item_ += batch->carried;
  if (setup_.numbers)
    batch->marks.push_back({next_sequence_++, true});
  waiting_.push_back(std::move(batch));
  dispatch();
}

void distributor::on_demand(batch_ptr batch, std::uint32_t slot) {
  auto& lent = lent_[slot];
  lent.erase(std::find(lent.begin(), lent.end(), batch));
  if (!setup_.to.is_gone(slot))
    setup_.to.returned(slot, batch->carried);
  // Single items mean slow work: a second one waiting at a busy worker could be done by an idle
  // one.
  want_ = batch->want;
  batches_ahead_ = want_ > 1 ? 2 : 1;
  send_demand(std::move(batch), upstream_.front(), want_);
  dispatch();
}

void distributor::dispatch() {
  while (!waiting_.empty()) {
    const auto worker = setup_.to.pick(batches_ahead_);
    if (!worker)
      break;
    auto batch = std::move(waiting_.front());
    waiting_.pop_front();
    lend(std::move(batch), *worker);
  }
  report();
  if (!pending_.empty())
    pass_on_full();
  // Not before all is dealt with: until then a worker may die, and the others are needed.
  if (ended_ && waiting_.empty() && is_settled())
    dismiss();
}

void distributor::lend(batch_ptr batch, std::size_t worker) {
  setup_.to.sent(worker, batch->carried);
  lent_[worker].push_back(batch);
  send_data(std::move(batch), downstream_[worker]);
}

bool distributor::is_settled() const {
  return left_behind_.empty()
         && std::all_of(lent_.begin(), lent_.end(), [](const auto& lent) { return lent.empty(); });
}

void distributor::dismiss() {
  if (!crew_.dismiss())
    return;
  for (const auto& worker : downstream_)
    detail::send(this, worker.actor, end_msg{worker.port});
  if (crew_.is_over())
    quit();
}

void distributor::report() {
  state().show_crew(setup_.stage, setup_.to.busy(),
                    waiting_.empty() ? time_point{} : waiting_.front()->sent_at);
  if (setup_.adapts && !waiting_.empty() && !std::exchange(strained_, true))
    send_urgent(this, supervisor(), strained_msg{setup_.stage});
  else if (waiting_.empty())
    strained_ = false;
}

void distributor::on_end(std::uint32_t) {
  ended_ = true;
  dispatch();
}

void distributor::on_full(full_msg msg) {
  full_[msg.outlet].note(msg.number);
  pending_.note(msg.number);
  pass_on_full();
}

void distributor::pass_on_full() {
  pending_.remove_if([this](std::uint64_t number) {
    if (!is_full(number))
      return false;
    send_urgent(this, upstream_.front().actor, full_msg{upstream_.front().port, number});
    return true;
  });
}

// Not while one of them can still work: there may soon be room for more.
bool distributor::is_full(std::uint64_t number) const {
  if (!left_behind_.empty())
    return false;
  for (std::size_t slot = 0; slot < lent_.size(); ++slot)
    if (!lent_[slot].empty() && !full_[slot].has(number))
      return false;
  return true;
}

// What one worker says holds for all: they feed the same merger. Waiting for the others would be
// waiting for dead ones too.
void distributor::on_enough() {
  send_urgent(this, upstream_.front().actor, enough_msg{upstream_.front().port});
}

} // namespace troupe::detail
