#include <troupe/detail/distributor.hpp>

#include <utility>

namespace troupe::detail {

void distributor::on_data(data_msg& msg) {
  waiting_.push_back(std::move(msg.batch));
  dispatch();
}

void distributor::on_demand(demand_msg& msg) {
  dispatch_->returned(msg.outlet, msg.count, msg.items);
  // Single items mean slow work: a second one waiting at a busy worker could be done by an idle
  // one.
  batches_ahead_ = msg.want > 1 ? 2 : 1;
  const auto& owner = upstream_.front();
  msg.outlet = owner.port;
  send_urgent(this, owner.actor, std::move(msg));
  dispatch();
}

void distributor::dispatch() {
  while (!waiting_.empty()) {
    const auto worker = dispatch_->pick(batches_ahead_);
    if (!worker)
      return;
    auto batch = std::move(waiting_.front());
    waiting_.pop_front();
    batch->sequence = next_sequence_++;
    batch->first = next_item_;
    next_item_ += batch->carried;
    dispatch_->sent(*worker, batch->carried);
    forward(std::move(batch), downstream_[*worker]);
  }
  if (!ended_)
    return;
  for (const auto& worker : std::exchange(downstream_, {}))
    detail::send(this, worker.actor, end_msg{worker.port});
  if (dispatch_->settled())
    quit();
}

void distributor::on_end() {
  ended_ = true;
  dispatch();
}

void distributor::on_enough() {
  if (++satisfied_ == dispatch_->size())
    send_urgent(this, upstream_.front().actor, enough_msg{upstream_.front().port});
}

} // namespace troupe::detail
