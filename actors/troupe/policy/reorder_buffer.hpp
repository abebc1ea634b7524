#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace troupe {

/// Hands out parts by sequence number, however they come in: the end of an `emit::in_order` stage.
///
///     troupe::reorder_buffer<int> order;
///     order.push(1, true, 20);
///     order.push(0, true, 10);
///     order.pop();   // 10, then 20, then nothing
///
/// Shape:  a plain value. Numbers start at 0 and none may be left out; the parts of one come out in
///         the order pushed, the first ones before its last is there.
/// Bound:  the parts held, plus one slot (24 bytes) per number from `next` to the highest pushed;
///         both grow on demand and are kept for reuse. Whoever assigns the numbers bounds them.
/// Errors: none; a number already finished, by a part with `last` or by coming out, is asserted on.
/// Cost:   O(1) a part, growth amortised; no allocation once it has held as much before.
template <class T>
class reorder_buffer {
public:
  /// Adds a part of `seq`; `last` ends that number.
  void push(std::uint64_t seq, bool last, T part) {
    assert(seq >= next_ && "this sequence number has been handed out already");
    reach(seq);
    slot& s = slot_of(seq);
    assert(!s.finished && "this sequence number had its last part already");

    const std::size_t i = new_node(std::move(part));
    (s.first == none ? s.first : nodes_[s.last].next) = i;
    s.last = i;
    s.finished = last;
    ++held_;
  }

  /// The next part in order, if it is there.
  std::optional<T> pop() {
    if (slots_.empty())
      return std::nullopt;
    slot& s = slot_of(next_);
    if (s.first == none)
      return std::nullopt;

    const std::size_t i = s.first;
    s.first = nodes_[i].next;
    std::optional<T> part = std::move(nodes_[i].part);
    free_node(i);
    --held_;
    if (s.first == none && s.finished) {
      s = {};
      ++next_;
    }
    return part;
  }

  /// Parts that were pushed and not popped.
  std::size_t held() const noexcept { return held_; }

  /// The sequence number that comes out next.
  std::uint64_t next() const noexcept { return next_; }

  bool empty() const noexcept { return held_ == 0; }

private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  // The parts of all numbers share one pool: lists in it need no memory of their own per number.
  struct node {
    std::optional<T> part;
    std::size_t next = none;
  };
  struct slot {
    std::size_t first = none;
    std::size_t last = none;
    bool finished = false;
  };

  slot& slot_of(std::uint64_t seq) { return slots_[static_cast<std::size_t>(seq) & mask()]; }

  std::size_t mask() const { return slots_.size() - 1; } // the size is a power of two

  // Makes the ring long enough that `seq` and `next_` do not share a slot.
  void reach(std::uint64_t seq) {
    const std::uint64_t needed = seq - next_ + 1;
    if (needed <= slots_.size())
      return;
    std::size_t size = slots_.empty() ? 16 : slots_.size();
    while (size < needed)
      size *= 2;
    std::vector<slot> larger(size);
    for (std::uint64_t at = next_; at - next_ < slots_.size(); ++at)
      larger[static_cast<std::size_t>(at) & (size - 1)] = slot_of(at);
    slots_.swap(larger);
  }

  std::size_t new_node(T part) {
    if (free_ == none) {
      nodes_.push_back({std::move(part), none});
      return nodes_.size() - 1;
    }
    const std::size_t i = free_;
    free_ = nodes_[i].next;
    nodes_[i].part.emplace(std::move(part));
    nodes_[i].next = none;
    return i;
  }

  void free_node(std::size_t i) {
    nodes_[i].part.reset();
    nodes_[i].next = free_;
    free_ = i;
  }

  std::vector<slot> slots_;
  std::vector<node> nodes_;
  std::size_t free_ = none;
  std::size_t held_ = 0;
  std::uint64_t next_ = 0;
};

} // namespace troupe
