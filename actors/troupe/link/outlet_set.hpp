#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include <troupe/link/link.hpp>

namespace troupe::detail {

class linked_actor;

/// The outlets of an item distributor: as many as it has workers or branches.
///
/// Bound: `room` items in all outlets together, besides what each outlet's own plan allows. A busy
///        worker may use all of it, so one key does not hold up the others while there is room.
class outlet_set {
public:
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  outlet_set(item_type type, std::size_t room) : type_(type), room_(room) {}

  // -- for the dispatch_kernel --------------------------------------------------------------------

  /// The batch for this outlet's next item; null: no room.
  batch_base* open(std::size_t to) {
    if (auto* const batch = open_[to]; batch != nullptr && room_ > 0)
      return batch;
    return open_another(to);
  }
  /// An item was put into the batch that `open` gave; `full`: it holds as many as it may.
  void put(std::size_t to, bool full) {
    --room_;
    if (full)
      send(to);
  }
  /// Whether that outlet still needs something.
  bool wanted(std::size_t to) const { return !outlets_[to].satisfied || keeps_hold_; }
  /// The item went nowhere.
  void skip() noexcept { ++skipped_; }
  /// Whether what results from the batches of that outlet is put in order again.
  bool numbers(std::size_t to) const { return outlets_[to].numbers; }
  std::size_t size() const noexcept { return outlets_.size(); }
  /// What is put in next results from this item of the input.
  void at(std::uint64_t item) noexcept { item_ = item; }
  std::uint64_t item() const noexcept { return item_; }

  // -- for the actor -----------------------------------------------------------------------------

  void add(edge_plan plan, bool numbers);
  void connect(std::size_t to, endpoint receiver) { outlets_[to].out.connect(std::move(receiver)); }
  void disconnect() noexcept;
  /// Who sends, and when, for what follows.
  void begin(linked_actor& self, time_point now) noexcept {
    self_ = &self;
    now_ = now;
  }
  void home(batch_ptr batch, std::size_t from);
  void send_due();
  /// The last one that had no room.
  std::size_t blocked_at() const noexcept { return blocked_at_; }
  /// Says that nothing follows there for now, if all that was sent there has been dealt with.
  void rest(std::size_t to, std::uint64_t number);
  /// Passes on that a branch rests, behind what was sent; nothing may be open. False: no room.
  bool pass_on_rest(std::size_t to, order_mark rest);
  /// Whether that receiver has something to deal with.
  bool is_busy(std::size_t to) const { return !outlets_[to].lost && !outlets_[to].out.settled(); }
  /// Sends what is open, however little.
  void flush();
  void end();
  /// That receiver is dead: what it had not dealt with.
  std::deque<batch_ptr> lose(std::size_t to);
  /// The receivers are workers: keep hold of what is sent until it is home.
  void keep_hold() noexcept { keeps_hold_ = true; }
  bool settled() const noexcept;
  std::size_t busy() const noexcept;
  void satisfy(std::size_t to) { outlets_[to].satisfied = true; }
  bool all_satisfied() const noexcept;
  bool any_satisfied() const noexcept;
  /// Items, over this outlet.
  std::uint64_t sent(std::size_t to) const { return outlets_[to].sent; }
  std::size_t take_skipped() noexcept { return std::exchange(skipped_, 0); }

private:
  struct slot {
    outlet out;
    bool numbers = false;
    std::deque<batch_ptr> lent = {};
    std::uint64_t sent = 0;
    bool satisfied = false;
    bool lost = false;
    std::uint64_t rests = 0; ///< the number with which it was told so, if nothing has followed
  };

  batch_base* open_another(std::size_t to);
  void send(std::size_t to);

  item_type type_;
  bool keeps_hold_ = false;
  std::size_t room_;
  std::vector<slot> outlets_;
  std::vector<batch_base*> open_; ///< by outlet; of those with numbers only the last one used
  std::size_t last_ = 0;          ///< with numbers
  std::uint64_t next_sequence_ = 0;
  std::uint64_t item_ = 0;
  std::size_t skipped_ = 0;
  std::size_t blocked_at_ = 0;
  linked_actor* self_ = nullptr;
  time_point now_{};
};

} // namespace troupe::detail
