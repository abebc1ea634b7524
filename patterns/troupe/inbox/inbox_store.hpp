#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <troupe/inbox/inbox_losses.hpp>
#include <troupe/kernel/item_account.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/policy/overflow.hpp>

namespace troupe::detail {

/// What is in an inbox, and what its overflow policy does when it is full. Not for several threads
/// at once.
///
/// Bound: `capacity` items.
template <class T>
class inbox_store {
public:
  inbox_store(std::size_t capacity, overflow::action when_full)
      : capacity_(capacity), when_full_(when_full) {}

  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return items_.empty(); }
  bool full() const noexcept { return items_.size() >= capacity_; }
  /// Under overflow::fail: something came when it was full.
  bool failed() const noexcept { return failed_; }
  std::uint64_t shed() const noexcept { return shed_; }

  /// The item is moved from only if accepted. What made room for it goes to `dropped`.
  offer_result put(T& item, std::vector<T>& dropped) {
    if (full()) {
      const auto answer = make_room(dropped);
      if (answer != offer_result::accepted)
        return answer;
    }
    items_.push_back(std::move(item));
    ++received_;
    return offer_result::accepted;
  }

  void count_shed() noexcept {
    ++received_;
    ++shed_;
  }

  /// Moves at most `room` items; how many.
  std::size_t take(item_array<T>& into, std::size_t room) {
    const auto n = std::min(room, items_.size());
    for (std::size_t i = 0; i < n; ++i) {
      into.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return n;
  }

  /// What has come and gone since the last time.
  void book(item_account& counts) noexcept {
    counts.receive(std::exchange(received_, 0));
    counts.drop(std::exchange(dropped_, 0));
    counts.shed(std::exchange(shed_, 0));
  }

  /// All that is left; it begins anew.
  std::deque<T> clear() noexcept {
    failed_ = false;
    return std::exchange(items_, {});
  }

private:
  offer_result make_room(std::vector<T>& dropped) {
    switch (when_full_) {
    case overflow::action::backpressure:
      return offer_result::full;
    case overflow::action::shed:
      count_shed();
      return offer_result::full;
    case overflow::action::fail:
      failed_ = true;
      return offer_result::full;
    case overflow::action::drop_incoming:
    case overflow::action::redirect:
      ++received_;
      ++dropped_;
      return offer_result::dropped;
    case overflow::action::drop_oldest:
      dropped.push_back(std::move(items_.front()));
      items_.pop_front();
      ++dropped_;
      break;
    case overflow::action::drop_newest:
      dropped.push_back(std::move(items_.back()));
      items_.pop_back();
      ++dropped_;
      break;
    case overflow::action::drop_all:
      dropped.reserve(items_.size());
      for (; !items_.empty(); ++dropped_) { // one may throw when it is moved
        dropped.push_back(std::move(items_.front()));
        items_.pop_front();
      }
      break;
    }
    return offer_result::accepted;
  }

  std::size_t capacity_;
  overflow::action when_full_;
  std::deque<T> items_;
  std::uint64_t received_ = 0; ///< these three: since they were last booked
  std::uint64_t dropped_ = 0;
  std::uint64_t shed_ = 0;
  bool failed_ = false;
};

} // namespace troupe::detail
