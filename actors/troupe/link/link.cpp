#include <troupe/link/link.hpp>

#include <algorithm>
#include <cassert>

#include <troupe/link/linked_actor.hpp>

namespace troupe::detail {

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

void outlet::send_if_due(linked_actor& self, time_point now) {
  if (current_ != nullptr && ledger_.should_send(current_->size()))
    send_now(self, now);
}

void outlet::send_now(linked_actor& self, time_point now) {
  assert(current_ != nullptr);
  if (current_->size() == 0 && current_->limit > 0) {
    // It only carries a mark, and may have to wait for long beside many like it: without storage.
    auto mark = type_.make();
    mark->marks.swap(current_->marks);
    free_.push_back(std::exchange(current_, std::move(mark)));
  }
  current_->carried = current_->size();
  ledger_.sent(current_->carried);
  current_->sent_at = now;
  self.send_data(std::exchange(current_, nullptr), to_);
}

bool outlet::open_empty(std::vector<order_mark> marks) {
  assert(current_ == nullptr);
  if (!ledger_.may_open(0))
    return false;
  ledger_.open();
  current_ = type_.make();
  current_->limit = 0;
  current_->marks = std::move(marks);
  return true;
}

bool outlet::send_rest(linked_actor& self, time_point now, std::uint64_t number) {
  if (current_ != nullptr && current_->size() > 0)
    send_now(self, now);
  auto* const batch = open(0);
  if (batch == nullptr)
    return false;
  batch->marks.assign(1, {number, true, true});
  send_now(self, now);
  return true;
}

void outlet::home(batch_ptr batch) {
  ledger_.home(batch->carried, batch->want);
  free_.push_back(std::move(batch));
  // Many small batches, each grown to a large one, would together hold many times the buffer.
  if (free_.size() > ledger_.batches())
    free_.resize(ledger_.batches());
  if (current_ != nullptr) {
    current_->limit = ledger_.limit();
    current_->reserve(current_->limit);
  }
}

void outlet::end(linked_actor& self) {
  if (std::exchange(ended_, true))
    return;
  if (current_ != nullptr) {
    // Opened, but nothing came: back on the pile.
    assert(current_->size() == 0);
    ledger_.keep();
    free_.push_back(std::exchange(current_, nullptr));
  }
  detail::send(&self, to_.actor, end_msg{to_.port});
}

void inlet::disconnect() noexcept {
  from_ = {};
  batches_.clear();
}

void inlet::pop(linked_actor& self) {
  give_back(self, std::move(batches_.front()));
  batches_.pop_front();
}

void inlet::give_back(linked_actor& self, batch_ptr batch) {
  batch->reset();
  self.send_demand(std::move(batch), from_, sizer_.want());
}

bool inlet::put_off_rests() {
  const auto first = std::find_if(batches_.begin(), batches_.end(),
                                  [](const batch_ptr& batch) { return !batch->rests(); });
  if (first == batches_.end())
    return false;
  std::rotate(batches_.begin(), first, first + 1);
  return true;
}

void inlet::tell_enough(linked_actor& self) {
  send_urgent(&self, from_.actor, enough_msg{from_.port});
}

void inlet::tell_full(linked_actor& self, std::uint64_t number) {
  send_urgent(&self, from_.actor, full_msg{from_.port, number});
}

} // namespace troupe::detail
