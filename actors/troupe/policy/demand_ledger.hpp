#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace troupe {

/// The sending side of one edge as numbers: how many batch buffers it owns, where they are, and
/// when a batch should leave.
///
/// A batch leaves when it is full, or when nothing else of this edge is on its way: one item at a
/// time when idle, full batches under load, no timer.
///
/// Bound:  buffers x capacity items, wherever they are (being filled, in a mailbox, being worked
///         on); without a free buffer the sender stops pulling from its own upstream.
/// Errors: none at run time; more buffers coming home than were sent is a programming error.
class demand_ledger {
public:
  demand_ledger() = default;
  demand_ledger(std::size_t buffers, std::size_t capacity)
      : buffers_(buffers), capacity_(capacity) {}

  /// Whether a further batch may be started.
  bool may_open() const noexcept { return !filling_ && away_ < buffers_; }
  void open() noexcept {
    assert(may_open());
    filling_ = true;
  }

  /// Whether the batch being filled, which holds `items`, should leave now.
  bool should_send(std::size_t items) const noexcept {
    return items >= limit_ || (items > 0 && away_ == 0);
  }
  void sent() noexcept {
    assert(filling_);
    filling_ = false;
    ++away_;
  }

  /// `buffers` came home; the receiver would like `want` items in each further batch.
  void home(std::size_t buffers, std::size_t want) noexcept {
    assert(buffers <= away_);
    away_ -= buffers;
    limit_ = std::clamp<std::size_t>(want, 1, capacity_);
  }

  /// Whether every buffer is back and empty.
  bool settled() const noexcept { return away_ == 0 && !filling_; }

  std::size_t away() const noexcept { return away_; }
  std::size_t buffers() const noexcept { return buffers_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// How many items the next batch may hold: 1 until the receiver has said what it can take.
  std::size_t limit() const noexcept { return limit_; }

private:
  std::size_t buffers_ = 0;
  std::size_t capacity_ = 1;
  std::size_t limit_ = 1;
  std::size_t away_ = 0;
  bool filling_ = false;
};

/// How the buffer of one edge is divided.
struct edge_plan {
  std::size_t buffers = 0;  ///< batch buffers of each sender
  std::size_t capacity = 0; ///< items in each
};

/// Divides `buffer` items among `senders` actors that feed `receivers` actors.
///
/// Bound:  senders x buffers x capacity <= max(buffer, senders, receivers): every receiver can hold
///         one item, and every sender fill one.
/// Units:  `item_bytes` keeps a batch below about 32 KiB, so that a batch stays in the cache.
inline edge_plan plan_edge(std::size_t buffer, std::size_t item_bytes, std::size_t senders,
                           std::size_t receivers) {
  constexpr std::size_t batch_bytes = 32 * 1024;
  const auto total = std::max({buffer, senders, receivers});
  const auto share = total / senders;
  // Two for each receiver: one to work on, one to come. More would only make batches smaller.
  const auto wanted = std::max<std::size_t>(2, (2 * receivers + senders - 1) / senders);
  const auto most_in_batch = std::max<std::size_t>(1, batch_bytes / std::max<std::size_t>(1, item_bytes));
  edge_plan plan;
  plan.buffers = std::min(wanted, share);
  plan.capacity = std::min(share / plan.buffers, most_in_batch);
  plan.buffers = share / plan.capacity;
  return plan;
}

} // namespace troupe
