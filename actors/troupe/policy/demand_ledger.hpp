#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace troupe {

/// How the buffer of one edge is divided.
struct edge_plan {
  std::size_t items = 0;     ///< most items that each sender may have out
  std::size_t capacity = 0;  ///< most items in one batch
  std::size_t receivers = 1; ///< how many there are for each sender
};

/// The sending side of one edge as numbers: how many items it has out, and when a
/// batch should leave.
///
/// A batch leaves when it is full, or when fewer are on their way than there are receivers, so that
/// one of them is idle: one item at a time when idle, full batches under load, no timer.
///
/// Bound:  `items`, wherever they are (being filled in, in a mailbox, being worked on); without
///         room for one more the sender stops pulling from its own upstream.
/// Errors: none at run time; more coming home than was sent is a programming error.
class demand_ledger {
public:
  demand_ledger() = default;
  explicit demand_ledger(edge_plan plan) : plan_(plan) {}

  /// Whether a further batch may be started: only a whole one. Whatever room there is would soon be
  /// room for single items, and each would come back as room for one. `most`: what will be sent
  /// with that many items at most has room enough with as many. Batches without items, which only
  /// say that nothing came of others, are bounded too: there are never more batches than `items`.
  bool may_open(std::size_t most = static_cast<std::size_t>(-1)) const noexcept {
    return !filling_ && batches_away_ < plan_.items
           && items_away_ + std::min(wanted_, most) <= plan_.items;
  }
  void open() noexcept {
    assert(!filling_);
    filling_ = true;
  }

  /// How many items the batch being filled, or the next one, may hold.
  std::size_t limit() const noexcept {
    return std::min(wanted_, plan_.items - std::min(plan_.items, items_away_));
  }

  /// Whether the batch being filled, which holds `items`, should leave now.
  bool should_send(std::size_t items) const noexcept {
    return items >= limit() || (items > 0 && batches_away_ < plan_.receivers);
  }
  void sent(std::size_t items) noexcept {
    assert(filling_);
    filling_ = false;
    ++batches_away_;
    items_away_ += items;
  }
  /// The batch that was opened stays here.
  void keep() noexcept { filling_ = false; }

  /// A batch that was sent with `items` came home; the receiver would like `want` in further ones.
  void home(std::size_t items, std::size_t want) noexcept {
    assert(batches_away_ > 0 && items <= items_away_);
    --batches_away_;
    items_away_ -= items;
    wanted_ = std::clamp<std::size_t>(want, 1, plan_.capacity);
  }

  /// From now on the edge is divided like this; what is out beyond it comes home first.
  void replan(edge_plan plan) noexcept {
    plan_ = plan;
    wanted_ = std::min(wanted_, plan_.capacity);
  }

  /// Whether everything is back.
  bool settled() const noexcept { return batches_away_ == 0 && !filling_; }

  std::size_t items_away() const noexcept { return items_away_; }
  /// How many batches of the size that is wanted now can be of use.
  std::size_t batches() const noexcept { return plan_.items / wanted_ + 1; }
  const edge_plan& plan() const noexcept { return plan_; }

private:
  edge_plan plan_{1, 1};
  std::size_t wanted_ = 1; ///< until the receiver has said what it can take
  std::size_t batches_away_ = 0;
  std::size_t items_away_ = 0;
  bool filling_ = false;
};

/// Divides `buffer` items among `senders` actors that feed `receivers` actors.
///
/// Bound:  senders x items <= max(buffer, senders, receivers): every receiver can hold one item,
///         and every sender fill one.
/// Units:  `item_bytes` keeps a batch below about 32 KiB, so that it stays in the cache.
inline edge_plan plan_edge(std::size_t buffer, std::size_t item_bytes, std::size_t senders,
                           std::size_t receivers) {
  constexpr std::size_t batch_bytes = 32 * 1024;
  edge_plan plan;
  plan.items = std::max({buffer, senders, receivers}) / senders;
  plan.receivers = (receivers + senders - 1) / senders;
  // One full batch for each party, and at least two: one to work on, one to come. More would make
  // them smaller, and each has its price.
  const auto all = std::max({std::size_t{2}, senders, receivers});
  const auto full_batches = (all + senders - 1) / senders;
  const auto most_in_batch
      = std::max<std::size_t>(1, batch_bytes / std::max<std::size_t>(1, item_bytes));
  plan.capacity = std::clamp<std::size_t>(plan.items / full_batches, 1, most_in_batch);
  return plan;
}

} // namespace troupe
