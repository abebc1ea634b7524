#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <caf/intrusive_ptr.hpp>
#include <caf/make_counted.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/error.hpp>

namespace troupe::detail {

class batch_base;
using batch_ptr = caf::intrusive_ptr<batch_base>;

/// Which numbered batch something results from, so that results can be put in order again.
struct order_mark {
  std::uint64_t sequence = 0;
  bool last = true;   ///< nothing more results from that batch
  bool rests = false; ///< no such number, but that of a join: this branch has nothing for it now
};

/// Items on their way over an edge. Owned by the sending side of that edge, which lends it to the
/// receiver and gets it back, empty, as demand; so the steady state allocates nothing.
/// Only whoever holds it at the moment may touch it.
class batch_base : public mail {
public:
  virtual std::size_t size() const noexcept = 0;
  virtual void clear() noexcept = 0;
  /// Makes room for `capacity` items in all.
  virtual void reserve(std::size_t capacity) = 0;

  std::size_t left() const noexcept { return size() - cursor; }

  /// Empties it for the way home; whoever dealt with the items destroys them.
  void reset() noexcept {
    clear();
    cursor = 0;
    taken_up = false;
    marks.clear();
    indices.clear();
  }

  /// Whether it only says that its branch rests; inside of a numbered stage it is a
  /// batch as others.
  bool rests() const noexcept { return marks.size() == 1 && marks.front().rests; }

  /// Which item of the stage's input this is, for messages about it.
  std::uint64_t index_of(std::size_t item) const {
    return indices.empty() ? first + item : indices[item];
  }

  std::size_t cursor = 0;  ///< the first item that has not been dealt with
  std::size_t limit = 1;   ///< how many items the sender may put in
  std::uint64_t first = 0; ///< index of the first item among all that the edge carried
  std::size_t carried = 0; ///< how many items were sent in it
  bool taken_up = false;   ///< the receiver has counted it
  bool homeward = false;   ///< empty, on its way back: it is demand
  std::uint32_t port = 0;  ///< of the inlet that it is for, or the outlet
  std::size_t want = 1;    ///< on its way back: how many items further ones should hold
  time_point sent_at{};
  std::vector<std::uint64_t> indices; ///< of each item, where they do not follow each other
  std::vector<std::uint32_t> route;   ///< inputs of the mergers it passed: the way home, last first
  std::vector<order_mark> marks; ///< of the distributors whose order still matters, last inmost
};

/// Like a reserved std::vector, but putting an item in does not ask whether there is room: who
/// fills a batch has asked already.
template <class T>
class item_array {
public:
  item_array() = default;
  item_array(const item_array&) = delete;
  item_array& operator=(const item_array&) = delete;
  ~item_array() { release(); }

  void reserve(std::size_t capacity) {
    if (capacity <= capacity_)
      return;
    T* const larger = std::allocator<T>{}.allocate(capacity);
    try {
      std::uninitialized_move_n(items_, size_, larger);
    } catch (...) {
      std::allocator<T>{}.deallocate(larger, capacity);
      throw;
    }
    const auto size = size_;
    release();
    items_ = larger;
    size_ = size;
    capacity_ = capacity;
  }

  template <class U>
  void push_back(U&& item) {
    assert(size_ < capacity_);
    std::construct_at(items_ + size_, std::forward<U>(item));
    ++size_;
  }
  void clear() noexcept { std::destroy_n(items_, std::exchange(size_, 0)); }

  T* begin() noexcept { return items_; }
  T* end() noexcept { return items_ + size_; }
  /// Items were constructed in place, up to `end`.
  void grew_to(const T* end) noexcept { size_ = static_cast<std::size_t>(end - items_); }

  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return items_[i]; }

private:
  void release() noexcept {
    clear();
    if (items_ != nullptr)
      std::allocator<T>{}.deallocate(items_, capacity_);
  }

  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

template <class T>
class batch final : public batch_base {
public:
  std::size_t size() const noexcept override { return items.size(); }
  void clear() noexcept override { items.clear(); }
  void reserve(std::size_t capacity) override { items.reserve(capacity); }

  item_array<T> items;
};

/// What the machinery must know of an item type: how to make a batch of it, and its size.
struct item_type {
  batch_ptr (*make)() = nullptr;
  std::size_t bytes = 0;
};

template <class T>
item_type item_type_of() {
  static_assert(std::is_nothrow_destructible_v<T>,
                "troupe: an item's destructor must not throw: nobody could tell what is left");
  return {[]() -> batch_ptr { return caf::make_counted<batch<T>>(); }, sizeof(T)};
}

} // namespace troupe::detail
