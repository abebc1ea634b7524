#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
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
///         when its turn comes: no timer, so until then it takes up its place. So does one whose
///         key is not equal to itself, which nobody can find.
/// Errors: what a key's hash, comparison, copy or move throws comes out of the call, which has then
///         changed nothing. An entry goes without asking them.
/// Cost:   constant time on average; a hash table and a list.
template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
class expiring_lru {
public:
  explicit expiring_lru(expiring_lru_limits limits) : limits_(limits) {
    assert(limits_.capacity >= 1);
  }
  expiring_lru(const expiring_lru&) = delete; // the table refers to the list
  expiring_lru& operator=(const expiring_lru&) = delete;
  ~expiring_lru() = default;

  std::size_t size() const noexcept { return recent_.size(); }
  /// Entries that were given up for want of room, and for their age.
  std::uint64_t evictions() const noexcept { return evictions_; }
  std::uint64_t expirations() const noexcept { return expirations_; }

  /// Null: not there, or too old. Valid until the next change.
  const V* find(const K& key, time_point now) {
    const auto found = look_up(hash_(key), key);
    if (!found)
      return nullptr;
    if (expired(**found, now)) {
      ++expirations_;
      remove(*found);
      return nullptr;
    }
    recent_.splice(recent_.begin(), recent_, *found);
    return std::addressof((*found)->value);
  }

  void put(K key, V value, time_point now) {
    const auto hash = hash_(key);
    const auto old = look_up(hash, key);
    std::list<entry> fresh;
    fresh.emplace_back(std::move(key), std::move(value), now, hash);
    by_hash_.emplace(hash, fresh.begin());
    recent_.splice(recent_.begin(), fresh); // from here on nothing can fail
    if (old)
      remove(*old);
    else if (recent_.size() > limits_.capacity)
      give_up_oldest(now);
  }

  bool erase(const K& key) {
    const auto found = look_up(hash_(key), key);
    if (found)
      remove(*found);
    return found.has_value();
  }

  void clear() noexcept {
    by_hash_.clear();
    recent_.clear();
  }

private:
  struct entry {
    entry(K k, V v, time_point put, std::size_t h)
        : key(std::move(k)), value(std::move(v)), since(put), hash(h) {}

    K key;
    V value;
    time_point since;
    std::size_t hash;
  };
  using place = typename std::list<entry>::iterator;

  std::optional<place> look_up(std::size_t hash, const K& key) {
    for (auto [i, end] = by_hash_.equal_range(hash); i != end; ++i)
      if (equal_(i->second->key, key))
        return i->second;
    return std::nullopt;
  }

  bool expired(const entry& e, time_point now) const {
    return limits_.ttl > duration::zero() && detail::elapsed(e.since, now) >= limits_.ttl;
  }

  void give_up_oldest(time_point now) noexcept {
    const auto last = std::prev(recent_.end());
    ++(expired(*last, now) ? expirations_ : evictions_);
    remove(last);
  }

  // By where it is: a key may throw, or not be equal to itself.
  void remove(place e) noexcept {
    const auto [first, end] = by_hash_.equal_range(e->hash);
    by_hash_.erase(std::find_if(first, end, [e](const auto& i) { return i.second == e; }));
    recent_.erase(e);
  }

  expiring_lru_limits limits_;
  Hash hash_{};
  Equal equal_{};
  std::list<entry> recent_; ///< the most recent first
  std::unordered_multimap<std::size_t, place> by_hash_;
  std::uint64_t evictions_ = 0;
  std::uint64_t expirations_ = 0;
};

} // namespace troupe
