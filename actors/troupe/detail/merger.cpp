#include <troupe/detail/merger.hpp>

#include <utility>

namespace troupe::detail {

void merger::on_data(data_msg& msg) {
  msg.batch->lane = msg.inlet;
  if (order_ == order::as_completed) {
    pass_on(std::move(msg.batch));
    return;
  }
  const auto sequence = msg.batch->sequence;
  const auto last = msg.batch->last;
  held_.push(sequence, last, std::move(msg.batch));
  while (auto batch = held_.pop())
    pass_on(std::move(*batch));
}

void merger::pass_on(batch_ptr batch) {
  if (batch->size() == 0) {
    // It only said that an input batch gave nothing more.
    batch->reset();
    return_home(std::move(batch), want_);
    return;
  }
  ++away_;
  forward(std::move(batch), downstream_.front());
}

void merger::return_home(batch_ptr batch, std::size_t want) {
  const auto& owner = upstream_[batch->lane];
  const auto items = batch->carried;
  send_urgent(this, owner.actor, demand_msg{std::move(batch), 1, items, want, owner.port});
}

void merger::on_demand(demand_msg& msg) {
  away_ -= msg.count;
  want_ = msg.want;
  for (auto batch = std::move(msg.batches); batch != nullptr;) {
    auto next = std::move(batch->next);
    return_home(std::move(batch), want_);
    batch = std::move(next);
  }
  quit_if_done();
}

void merger::on_end() {
  if (++ended_ < upstream_.size())
    return;
  detail::send(this, downstream_.front().actor, end_msg{downstream_.front().port});
  quit_if_done();
}

void merger::quit_if_done() {
  if (ended_ == upstream_.size() && away_ == 0)
    quit();
}

void merger::on_enough() {
  for (const auto& lane : upstream_)
    send_urgent(this, lane.actor, enough_msg{lane.port});
}

} // namespace troupe::detail
