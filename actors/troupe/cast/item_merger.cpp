#include <troupe/cast/item_merger.hpp>

#include <algorithm>
#include <utility>

namespace troupe::detail {

item_merger::item_merger(caf::actor_config& cfg, user_actor_setup common, item_merger_setup setup)
    : user_actor(cfg, std::move(common)),
      setup_(std::move(setup)), rests_{join_numbers::first_of(stage())} {}

caf::message_handler item_merger::handlers() {
  return caf::message_handler{
      [this](end_msg msg) {
        lanes_[msg.inlet].end();
        // Workers end when all has been dealt with: nobody who dies after that is replaced.
        setup_.more_follow = false;
        pump();
      },
      [this](lanes_msg) {
        setup_.more_follow = false;
        pump();
      },
      [this](enough_msg) {
        enough();
        pump();
      },
      [this](full_msg msg) {
        full_.note(msg.number);
        full_due_ = true;
        pump();
      },
      [this](const lane_msg& msg) {
        const auto lane = static_cast<std::uint32_t>(lanes_.size());
        add_lane({msg.worker, 0});
        detail::send(this, msg.worker, wire_msg{{}, {{caf::actor{this}, lane}}});
      },
  }
      .or_else(common_handlers());
}

void item_merger::on_data(batch_ptr batch, std::uint32_t inlet) {
  take_up(*batch);
  if (batch->rests()) {
    hear(batch->marks.front().sequence, inlet);
    lanes_[inlet].give_back(*this, std::move(batch));
  } else {
    rests_.resting[inlet] = false;
    lanes_[inlet].push(std::move(batch));
  }
  pump();
}

void item_merger::on_demand(batch_ptr batch, std::uint32_t) {
  setup_.out.home(std::move(batch));
  pump();
}

void item_merger::wire(wire_msg& msg) {
  setup_.out.connect(std::move(msg.downstream.front()));
  split_ = std::move(msg.split);
  for (const auto& from : msg.upstream)
    add_lane(from);
  try {
    kernel_ = setup_.make_merge();
  } catch (...) {
    break_down(describe(std::current_exception()));
  }
  pump();
}

void item_merger::add_lane(const endpoint& from) {
  lanes_.emplace_back(
      batch_sizer{setup_.batches[std::min(lanes_.size(), setup_.batches.size() - 1)]});
  rests_.resting.push_back(false);
  heard_.emplace_back();
  lanes_.back().connect(from);
  // One that dies has no time to say that it was all.
  watch_actor(from.actor, [this, lane = lanes_.size() - 1](const caf::error&) {
    lanes_[lane].end();
    pump();
  });
  if (satisfied_)
    lanes_.back().tell_enough(*this);
  for (const auto number : full_)
    lanes_.back().tell_full(*this, number);
}

void item_merger::release() {
  for (auto& lane : lanes_)
    lane.disconnect();
  setup_.out.disconnect();
  split_ = nullptr;
  kernel_ = nullptr;
  setup_.make_merge = nullptr;
}

void item_merger::take_up(batch_base& batch) {
  counts().receive(batch.size());
  const auto waited = std::max(duration::zero(), duration{now() - batch.sent_at});
  block().wait.record(static_cast<std::uint64_t>(waited.count()), batch.size());
}

void item_merger::pump() {
  if (kernel_ == nullptr || lanes_.empty())
    return;
  if (may_work())
    join();
  if (may_work() && !satisfied_)
    talk();
  if (may_work() && satisfied_)
    filter_rest();
  if (exhausted() || satisfied_ || !may_work())
    stand(phase::ended, clock_);
  else
    stand(starved_ ? phase::held_back : phase::idle, clock_);
  publish();
  finish_if_done();
}

void item_merger::join() {
  lane_set lanes{lanes_, rests_, *this, *this};
  auto& out = setup_.out;
  const auto began = now();
  const auto before = counts().totals().in_flight;
  begin_call(began, counts().totals().received - before, before, worth_timing);
  starved_ = false;
  while (!satisfied_ && !out.ended()) {
    auto* const batch = out.open();
    starved_ = batch == nullptr;
    if (starved_)
      break;
    const auto filled = batch->size();
    try {
      if (!kernel_->step(lanes, *batch))
        enough();
    } catch (...) {
      break_down(describe(std::current_exception()));
    }
    counts().emit(batch->size() - filled);
    const bool full = batch->size() >= batch->limit;
    if (full)
      out.send_now(*this, now());
    if (!full || !may_work())
      break;
  }
  clock_ = now();
  const auto items = before - counts().totals().in_flight;
  busy_ += clock_ - began;
  for (auto& lane : lanes_)
    lane.sizer().record(items, clock_ - began);
  out.send_if_due(*this, clock_);
}

// Nothing more is wanted here.
void item_merger::enough() {
  if (std::exchange(satisfied_, true))
    return;
  for (auto& lane : lanes_)
    lane.tell_enough(*this);
}

void item_merger::filter_rest() {
  for (auto& lane : lanes_)
    for (; !lane.empty(); lane.pop(*this)) {
      counts().filter(lane.front().left());
      lane.front().cursor = lane.front().size();
    }
}

// -- who waits for whom ---------------------------------------------------------------------------

void item_merger::hear(std::uint64_t number, std::size_t lane) {
  if (!join_numbers::same_join(number, rests_.number)) {
    heard_[lane].note(number);
    rests_heard_ = true;
  } else if (number == rests_.number) {
    rests_.resting[lane] = true;
  }
}

void item_merger::talk() {
  if (split_ && kernel_->waits() && rests_.asked != rests_.number)
    ask();
  if (rests_heard_ && shows_nothing() && !setup_.out.ended())
    pass_on_rests();
  if (full_due_ && starved_ && !shows_nothing())
    pass_on_full();
}

bool item_merger::shows_nothing() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const inlet& lane) { return lane.empty(); });
}

// Another input may be empty because this one is full. Once for each number: that is news only when
// something has been handed on.
void item_merger::ask() {
  rests_.asked = rests_.number;
  for (auto& lane : lanes_)
    lane.tell_full(*this, rests_.number);
  send_urgent(this, split_, missing_msg{rests_.number});
}

void item_merger::pass_on_rests() {
  join_numbers all;
  for (const auto& heard : heard_)
    for (const auto number : heard)
      all.note(number);
  rests_heard_ = !all.empty();
  for (const auto number : all) {
    if (!rests_below(number))
      continue;
    starved_ = !setup_.out.send_rest(*this, now(), number);
    if (starved_)
      return;
    for (auto& heard : heard_)
      heard.remove(number);
  }
}

// All branches of a split hear of it, but workers share it.
bool item_merger::rests_below(std::uint64_t number) const {
  if (!split_)
    return true;
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (!lanes_[i].exhausted() && !heard_[i].has(number))
      return false;
  return true;
}

void item_merger::pass_on_full() {
  full_due_ = false;
  for (auto& lane : lanes_)
    for (const auto number : full_)
      lane.tell_full(*this, number);
}

bool item_merger::exhausted() const {
  return !setup_.more_follow
         && std::all_of(lanes_.begin(), lanes_.end(), [](const inlet& l) { return l.exhausted(); });
}

void item_merger::finish_if_done() {
  auto& out = setup_.out;
  // What is left when all have ended but found no room yet comes first. A pair that can have no
  // partner is not waited for.
  if (may_work() && !out.ended() && (exhausted() || satisfied_)) {
    if (out.current() != nullptr && out.current()->size() > 0)
      out.send_now(*this, now());
    out.end(*this);
  }
  if (out.ended() && exhausted() && out.settled())
    quit();
}

} // namespace troupe::detail
