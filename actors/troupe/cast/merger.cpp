#include <troupe/cast/merger.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace troupe::detail {

caf::message_handler merger::handlers() {
  return relay_actor::handlers().or_else([this](const lane_msg& msg) { add_lane(msg.worker); },
                                         [this](lanes_msg) { seal(); });
}

void merger::release() {
  held_ = {};
  check_ = nullptr;
  setup_.make_check = nullptr;
  counts_.abandon_rest();
  publish();
}

void merger::on_wired() {
  try {
    if (setup_.make_check)
      check_ = setup_.make_check();
  } catch (...) {
    fail(describe(std::current_exception()));
  }
  for (std::size_t i = 0; i < upstream_.size(); ++i) {
    watch_lane(i);
    tell_full(upstream_[i]);
  }
}

// One that dies has no time to say that it was all.
void merger::watch_lane(std::size_t lane) {
  ended_.push_back(false);
  watch_actor(upstream_[lane].actor, [this, lane](const caf::error&) {
    ended_[lane] = true;
    complete_if_all_ended();
  });
}

void merger::add_lane(const caf::actor& worker) {
  const auto lane = upstream_.size();
  upstream_.push_back({worker, 0});
  watch_lane(lane);
  detail::send(this, worker, wire_msg{{}, {{caf::actor{this}, static_cast<std::uint32_t>(lane)}}});
  if (is_satisfied())
    send_urgent(this, worker, enough_msg{0});
  tell_full(upstream_.back());
}

void merger::on_data(batch_ptr batch, std::uint32_t lane) {
  batch->route.push_back(lane);
  counts_.receive(batch->size());
  if (setup_.in_order) {
    const auto mark = batch->marks.back();
    batch->marks.pop_back();
    held_.push(mark.sequence, mark.last, std::move(batch));
    while (auto next = held_.pop())
      pass_on(std::move(*next));
  } else {
    pass_on(std::move(batch));
  }
  publish();
}

void merger::pass_on(batch_ptr batch) {
  const auto items = batch->size();
  if (items == 0 && (batch->marks.empty() || !batch->marks.back().last)) {
    // It only said that an input batch gave nothing more.
    batch->reset();
    return_home(std::move(batch));
    return;
  }
  if (failed_ || (check_ && !is_sorted(*batch)))
    return;
  counts_.deliver(items);
  counts_.emit(items);
  ++away_;
  send_data(std::move(batch), downstream_.front());
}

bool merger::is_sorted(batch_base& batch) {
  try {
    const auto fault = check_->fault_in(batch);
    if (!fault)
      return true;
    const auto index = std::to_string(counts_.totals().delivered + *fault);
    fail({errc::stage_failed,
          {},
          "item " + index
              + " belongs before the one ahead of it: behind a "
                "fan_out the stream itself has to be sorted"});
  } catch (...) {
    fail(describe(std::current_exception()));
  }
  return false;
}

void merger::fail(const error& why) {
  failed_ = true;
  send_urgent(this, supervisor(),
              failed_msg{error{why}.with_stage(state().stages()[setup_.stage].name)});
}

void merger::return_home(batch_ptr batch) {
  const auto& owner = upstream_[batch->route.back()];
  batch->route.pop_back();
  send_demand(std::move(batch), owner, want_);
}

void merger::on_demand(batch_ptr batch, std::uint32_t) {
  --away_;
  want_ = batch->want;
  return_home(std::move(batch));
  quit_if_done();
}

// Workers end when all has been dealt with: nobody who dies after that is replaced.
void merger::on_end(std::uint32_t inlet) {
  ended_[inlet] = true;
  seal();
}

void merger::seal() {
  sealed_ = true;
  complete_if_all_ended();
}

// That all have died is not the end yet: who replaces them may be on the way.
void merger::complete_if_all_ended() {
  if (!sealed_ || complete_ || std::find(ended_.begin(), ended_.end(), false) != ended_.end())
    return;
  complete_ = true;
  detail::send(this, downstream_.front().actor, end_msg{downstream_.front().port});
  quit_if_done();
}

void merger::quit_if_done() {
  if (complete_ && away_ == 0)
    quit();
}

void merger::on_enough() {
  for (const auto& lane : upstream_)
    send_urgent(this, lane.actor, enough_msg{lane.port});
}

void merger::on_full(full_msg msg) {
  full_.note(msg.number);
  for (const auto& lane : upstream_)
    send_urgent(this, lane.actor, full_msg{lane.port, msg.number});
}

void merger::tell_full(const endpoint& lane) {
  for (const auto number : full_)
    send_urgent(this, lane.actor, full_msg{lane.port, number});
}

void merger::publish() noexcept {
  if (setup_.block != nullptr)
    setup_.block->publish(counts_.totals(), {});
}

} // namespace troupe::detail
