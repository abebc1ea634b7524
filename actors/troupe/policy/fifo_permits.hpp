#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace troupe {

/// Who gets how many of a fixed number of permits, first come, first served.
///
///     troupe::fifo_permits p{3};
///     p.try_take(2);                 // true: one is left
///     auto t = p.enqueue(3);         // waits for all three
///     p.try_take(1);                 // false: nobody overtakes who waits
///     p.give_back(2);
///     for (auto granted : p.grant()) // t
///
/// Shape:  a plain value: no threads, no clock. `grant` says whose turn it is after any change.
/// Bound:  an entry for each waiter.
/// Errors: none; what the comments require is asserted.
/// Source: the weighted semaphore of golang.org/x/sync, whose waiters are a queue for the same
///         reason: small requests must not starve a large one.
class fifo_permits {
public:
  using ticket = std::uint64_t;

  explicit fifo_permits(std::size_t total) noexcept : total_(total), available_(total) {}

  std::size_t total() const noexcept { return total_; }
  std::size_t available() const noexcept { return available_; }
  std::size_t waiting() const noexcept { return queue_.size(); }

  /// Takes `n` now, if they are there and nobody waits.
  bool try_take(std::size_t n) noexcept {
    if (!queue_.empty() || n > available_)
      return false;
    available_ -= n;
    return true;
  }

  /// Joins the end of the queue; `n` is at most `total`, or its turn would never come.
  ticket enqueue(std::size_t n) {
    assert(n <= total_);
    queue_.push_back({++last_ticket_, n});
    return last_ticket_;
  }

  /// Leaves the queue without having been granted anything.
  void leave(ticket t) {
    std::erase_if(queue_, [t](const entry& e) { return e.id == t; });
  }

  /// At most as many as are out.
  void give_back(std::size_t n) noexcept {
    assert(n <= total_ - available_);
    available_ += n;
  }

  /// Serves the queue from its front, as far as permits go: those who now have theirs.
  std::vector<ticket> grant() {
    std::vector<ticket> granted;
    for (; !queue_.empty() && queue_.front().n <= available_; queue_.pop_front()) {
      available_ -= queue_.front().n;
      granted.push_back(queue_.front().id);
    }
    return granted;
  }

private:
  struct entry {
    ticket id;
    std::size_t n;
  };

  std::size_t total_;
  std::size_t available_;
  std::deque<entry> queue_;
  ticket last_ticket_ = 0;
};

} // namespace troupe
