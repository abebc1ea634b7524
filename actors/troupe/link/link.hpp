#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <troupe/link/batch.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/policy/batch_sizer.hpp>
#include <troupe/policy/demand_ledger.hpp>

namespace troupe::detail {

class linked_actor;

/// The sending end of an edge: fills batches and sends them when the ledger says so.
///
/// Bound: the ledger's items; `open` returns null when that many are away. Emptied batches are kept
///        for reuse, as many as are of use at their present size.
class outlet {
public:
  outlet(item_type type, edge_plan plan) : type_(type), ledger_(plan) {}

  void connect(endpoint to) { to_ = std::move(to); }
  void disconnect() noexcept;

  /// The batch to put items into; null: no demand. `most`: how many it will hold when it is sent.
  batch_base* open(std::size_t most = static_cast<std::size_t>(-1));
  /// The batch being filled, if any.
  batch_base* current() const noexcept { return current_.get(); }
  /// Sends the current batch if it is full, or holds something and nothing else is on its way.
  void send_if_due(linked_actor& self, time_point now);
  /// Sends the current batch as it is.
  void send_now(linked_actor& self, time_point now);
  /// Takes an emptied batch home.
  void home(batch_ptr batch);
  void replan(edge_plan plan) { ledger_.replan(plan); }
  /// Begins a batch that only carries these marks; false: no room for one now.
  bool open_empty(std::vector<order_mark> marks);
  /// Sends a batch that only says that this branch rests; false: no room for one now.
  bool send_rest(linked_actor& self, time_point now, std::uint64_t number);
  /// Tells the receiver that nothing follows; the current batch must have been sent.
  void end(linked_actor& self);

  bool ended() const noexcept { return ended_; }
  bool connected() const noexcept { return static_cast<bool>(to_.actor); }
  /// Whether nothing of this edge is away.
  bool settled() const noexcept { return ledger_.settled(); }
  const demand_ledger& ledger() const noexcept { return ledger_; }

private:
  item_type type_;
  demand_ledger ledger_;
  endpoint to_;
  batch_ptr current_;
  std::vector<batch_ptr> free_;
  bool ended_ = false;
};

/// The receiving end of an edge: batches in order of arrival.
class inlet {
public:
  explicit inlet(const batch_sizer& sizer) : sizer_(sizer) {}

  void connect(endpoint from) { from_ = std::move(from); }
  void disconnect() noexcept;

  bool connected() const noexcept { return static_cast<bool>(from_.actor); }
  void push(batch_ptr batch) { batches_.push_back(std::move(batch)); }
  bool empty() const noexcept { return batches_.empty(); }
  batch_base& front() const noexcept { return *batches_.front(); }
  std::size_t waiting() const noexcept { return batches_.size(); }
  /// Done with the front batch: it goes home.
  void pop(linked_actor& self);
  /// One that was not pushed goes home at once.
  void give_back(linked_actor& self, batch_ptr batch);
  /// What only says that its branch rests goes behind the first batch with items; false:
  /// there is none.
  bool put_off_rests();
  void end() noexcept { ended_ = true; }
  bool ended() const noexcept { return ended_; }
  /// Whether everything that was to come has been dealt with.
  bool exhausted() const noexcept { return ended_ && batches_.empty(); }
  void tell_enough(linked_actor& self);
  void tell_full(linked_actor& self, std::uint64_t number);

  batch_sizer& sizer() noexcept { return sizer_; }

private:
  endpoint from_;
  std::deque<batch_ptr> batches_;
  batch_sizer sizer_;
  bool ended_ = false;
};

} // namespace troupe::detail
