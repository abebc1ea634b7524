#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

#include <troupe/detail/elapsed.hpp>
#include <troupe/error.hpp>

namespace troupe {

/// What an `expiring_lru` keeps, and for how long.
struct expiring_lru_limits {
  std::size_t capacity = 1024;
  time_span ttl = {}; ///< zero: entries do not expire
};

/// A map of bounded size that gives up what was used least recently, and what is too old.
///
///     troupe::expiring_lru<std::string, int> m{{.capacity = 2, .ttl = 1min}};
///     m.put("a", 1, now);
///     if (const int* a = m.find("a", now)) …   // until a minute after the put
///
/// Shape:  a plain value; `now` is an argument. An entry is gone at exactly `ttl` after its put;
///         looking at it makes it recent, not young. A clock that steps back expires nothing.
/// Bound:  `capacity` entries, at least one. What is too old is removed when it is looked at, or
///         when its turn comes: no timer, so until then it takes up its place.
/// Cost:   constant time on average; a hash table and a list.
template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
class expiring_lru {
public:
  explicit expiring_lru(expiring_lru_limits limits) : limits_(limits) {
    assert(limits_.capacity >= 1);
  }

  std::size_t size() const noexcept { return entries_.size(); }
  /// Entries that were given up for want of room, and for their age.
  std::uint64_t evictions() const noexcept { return evictions_; }
  std::uint64_t expirations() const noexcept { return expirations_; }

  /// Null: not there, or too old. Valid until the next change.
  const V* find(const K& key, time_point now) {
    const auto found = entries_.find(key);
    if (found == entries_.end())
      return nullptr;
    auto& e = found->second;
    if (expired(e, now)) {
      ++expirations_;
      remove(found);
      return nullptr;
    }
    recent_.splice(recent_.begin(), recent_, e.place);
    return &e.value;
  }

  void put(K key, V value, time_point now) {
    erase(key);
    if (entries_.size() >= limits_.capacity)
      give_up_oldest(now);
    const auto it
        = entries_.emplace(std::move(key), entry{std::move(value), now, recent_.end()}).first;
    try {
      recent_.push_front(&it->first);
    } catch (...) {
      entries_.erase(it); // every entry has its place
      throw;
    }
    it->second.place = recent_.begin();
  }

  bool erase(const K& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end())
      return false;
    remove(found);
    return true;
  }

  void clear() noexcept {
    recent_.clear();
    entries_.clear();
  }

private:
  struct entry {
    V value;
    time_point since;
    typename std::list<const K*>::iterator place;
  };
  using table = std::unordered_map<K, entry, Hash, Equal>;

  bool expired(const entry& e, time_point now) const {
    return limits_.ttl > duration::zero() && detail::elapsed(e.since, now) >= limits_.ttl;
  }

  void give_up_oldest(time_point now) {
    const auto last = entries_.find(*recent_.back());
    ++(expired(last->second, now) ? expirations_ : evictions_);
    remove(last);
  }

  void remove(typename table::iterator it) {
    recent_.erase(it->second.place);
    entries_.erase(it);
  }

  expiring_lru_limits limits_;
  table entries_;
  std::list<const K*> recent_; ///< the most recent first; keys live in the table's nodes
  std::uint64_t evictions_ = 0;
  std::uint64_t expirations_ = 0;
};

} // namespace troupe
