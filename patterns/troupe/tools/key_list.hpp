#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

namespace troupe::detail {

/// What is kept of a key: text that belongs to the item would be gone with it.
template <class K>
struct kept_key {
  using type = K;
};
template <class C, class Traits>
struct kept_key<std::basic_string_view<C, Traits>> {
  using type = std::basic_string<C, Traits>;
};

/// Keys, oldest first. They are found by what they are, and forgotten by where they are: some equal
/// nothing, not even themselves (NaN), and some throw when they are compared.
template <class K>
class key_list {
  using kept = typename kept_key<K>::type;

public:
  struct entry {
    kept key;
    std::size_t hash;
    std::size_t number; ///< how many were added before
  };
  using place = typename std::list<entry>::iterator;

  /// What looks for a key: its hash is computed once.
  class probe {
  public:
    explicit probe(const K& key)
        : key_(key), hash_(static_cast<std::size_t>(std::hash<K>{}(key))) {}

  private:
    friend key_list;
    const K& key_;
    std::size_t hash_;
  };

  /// Null: it is not there.
  const entry* find(const probe& p) const {
    const auto found = index_.find(p);
    return found == index_.end() ? nullptr : *found;
  }
  /// Adds one that is not there, at the end. If this throws, nothing was added.
  place add(const probe& p) {
    std::list<entry> one;
    one.push_back({kept(p.key_), p.hash_, added_});
    index_.insert(std::addressof(one.front()));
    ++added_;
    all_.splice(all_.end(), one);
    return std::prev(all_.end());
  }
  void forget(place at) noexcept {
    index_.erase(index_.find(identity{std::addressof(*at)}));
    all_.erase(at);
  }

  std::size_t size() const noexcept { return all_.size(); }
  place oldest() noexcept { return all_.begin(); }

private:
  struct identity {
    const entry* at;
  };
  struct hashing {
    using is_transparent = void;
    std::size_t operator()(const entry* e) const noexcept { return e->hash; }
    std::size_t operator()(identity i) const noexcept { return i.at->hash; }
    std::size_t operator()(const probe& p) const noexcept { return p.hash_; }
  };
  struct equality {
    using is_transparent = void;
    bool operator()(const entry* a, const entry* b) const noexcept { return a == b; }
    bool operator()(const entry* a, identity b) const noexcept { return a == b.at; }
    bool operator()(identity a, const entry* b) const noexcept { return a.at == b; }
    bool operator()(const entry* a, const probe& b) const { return same(b, *a); }
    bool operator()(const probe& a, const entry* b) const { return same(a, *b); }
    static bool same(const probe& p, const entry& e) {
      return p.hash_ == e.hash && static_cast<bool>(p.key_ == e.key);
    }
  };

  std::size_t added_ = 0;
  std::list<entry> all_;
  std::unordered_set<const entry*, hashing, equality> index_;
};

} // namespace troupe::detail
