#include <troupe/detail/link.hpp>

#include <cassert>

#include <troupe/detail/compat.hpp>

namespace troupe::detail {

void demand_chain::add(batch_ptr batch) {
  items_ += batch->carried;
  batch->next = std::move(head_);
  head_ = std::move(batch);
  ++count_;
}

void demand_chain::send(actor_base& self, const endpoint& upstream, std::size_t want) {
  if (count_ == 0)
    return;
  send_urgent(&self, upstream.actor,
              demand_msg{std::exchange(head_, nullptr), std::exchange(count_, 0),
                         std::exchange(items_, 0), want, upstream.port});
}

void outlet::disconnect() noexcept {
  to_ = {};
  current_ = nullptr;
  free_.clear();
}

batch_base* outlet::open(std::size_t most) {
  if (current_ != nullptr)
    return current_.get();
  if (!ledger_.may_open(most))
    return nullptr;
  ledger_.open();
  if (free_.empty()) {
    current_ = type_.make();
  } else {
    current_ = std::move(free_.back());
    free_.pop_back();
  }
  current_->limit = ledger_.limit();
  current_->reserve(current_->limit);
  return current_.get();
}

void outlet::send_if_due(actor_base& self, time_point now) {
  if (current_ != nullptr && ledger_.should_send(current_->size()))
    send_now(self, now);
}

void outlet::send_now(actor_base& self, time_point now) {
  assert(current_ != nullptr);
  current_->carried = current_->size();
  ledger_.sent(current_->carried);
  current_->sent_at = now;
  send(&self, to_.actor, data_msg{std::exchange(current_, nullptr), to_.port});
}

void outlet::home(demand_msg& demand) {
  for (auto batch = std::move(demand.batches); batch != nullptr;) {
    auto next = std::move(batch->next);
    free_.push_back(std::move(batch));
    batch = std::move(next);
  }
  ledger_.home(demand.count, demand.items, demand.want);
  // Many small batches, each grown to a large one, would together hold many times the buffer.
  if (free_.size() > ledger_.batches())
    free_.resize(ledger_.batches());
  if (current_ != nullptr) {
    current_->limit = ledger_.limit();
    current_->reserve(current_->limit);
  }
}

void outlet::end(actor_base& self) {
  if (std::exchange(ended_, true))
    return;
  if (current_ != nullptr) {
    // Opened, but nothing came: back on the pile.
    assert(current_->size() == 0);
    ledger_.keep();
    free_.push_back(std::exchange(current_, nullptr));
  }
  send(&self, to_.actor, end_msg{to_.port});
}

void inlet::disconnect() noexcept {
  from_ = {};
  batches_.clear();
  owed_ = {};
}

void inlet::pop() {
  batches_.front()->reset();
  owed_.add(std::move(batches_.front()));
  batches_.pop_front();
}

void inlet::repay(actor_base& self, bool all) {
  // Two at a time while more is waiting: one message fewer, and the sender still has work to do.
  if (all || owed_.count() >= 2)
    owed_.send(self, from_, sizer_.want());
}

void inlet::tell_enough(actor_base& self) {
  send_urgent(&self, from_.actor, enough_msg{from_.port});
}

} // namespace troupe::detail
