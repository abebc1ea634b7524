#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/expiring_lru.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/attempt.hpp>
#include <troupe/tools/blocking_wait.hpp>
#include <troupe/tools/cache_load.hpp>
#include <troupe/tools/held.hpp>
#include <troupe/tools/tool_option.hpp>

namespace troupe {

struct cache_options {
  count capacity = 1024;                  ///< entries
  time_span ttl = {};                     ///< from put to expiry; zero: never
  std::function<time_point()> clock = {}; ///< empty: steady_clock; virtual time for tests
};

/// Since the cache was made. Every question is a hit or a miss; of those to `get_or_load`, single
/// flight saved misses - loads.
struct cache_stats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t loads = 0;
  std::uint64_t evictions = 0;   ///< given up for want of room
  std::uint64_t expirations = 0; ///< given up for their age
};

/// A bounded map from K to V that forgets: what was used least recently, and what is too old.
///
///     troupe::cache<std::string, user> users{{.capacity = 10'000, .ttl = 1min}};
///     result<user> u = users.get_or_load("ann", fetch_user, ctx);   // however many ask: one fetch
///
/// Shape:  callable from any thread; neither copied nor moved. Answers are copies of the value.
///         `get_or_load` loads in the calling thread; who asks for a key that is being loaded waits
///         for that load and gets its answer, or its error. One that ended because its own caller
///         was cancelled, or out of time, is no answer for others: the next of them loads. A key
///         that is put or erased meanwhile is not overwritten by a load that began before.
/// Bound:  `capacity` entries; expired ones are found when looked at, there is no cleaning thread.
///         A load belongs to a blocked caller.
/// Errors: std::invalid_argument for a capacity < 1 or a ttl < 0. From `get_or_load`: the loader's
///         error, errc::stage_failed for what it throws; neither is cached. A context that ends
///         lets its caller leave at once with errc::cancelled or errc::deadline_exceeded, and the
///         load goes on for the others; its own loader is not interrupted. What a key or a value
///         throws (hash, comparison, copy) concerns that call only: it comes out of it, or is
///         errc::stage_failed once something has been loaded; a value that cannot be stored then is
///         not cached.
/// Cost:   one lock for everything, held for a few instructions and one copy of a value.
///         `get_or_load` blocks the calling thread: not for an actor or a
///         stage with thread::shared.
/// Source: golang.org/x/sync/singleflight; the order of eviction is that of memcached.
template <class K, class V, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
class cache {
  static constexpr bool usable_key
      = std::invocable<const Hash&, const K&> && std::copy_constructible<K>;
  static_assert(usable_key, "troupe: the key of a cache must be copyable and hashable: give it a "
                            "std::hash, or the cache a hash function");
  static_assert(std::copy_constructible<V>,
                "troupe: the value of a cache must be copyable, since every caller gets a copy "
                "(hold what cannot be copied in a std::shared_ptr)");

public:
  explicit cache(cache_options options = {})
      : clock_(std::move(options.clock)),
        entries_({.capacity = checked(options), .ttl = options.ttl}) {}
  cache(const cache&) = delete;
  cache& operator=(const cache&) = delete;

  std::optional<V> get(const K& key) {
    const std::lock_guard lock{mutex_};
    return look_up(key);
  }

  void put(const K& key, V value) {
    const std::lock_guard lock{mutex_};
    const auto overtaken = find_load(key);
    entries_.put(key, std::move(value), now());
    take_out(overtaken);
  }

  /// The value, from the cache or from `loader`: V(const K&), or one that returns a result<V>.
  template <class Loader>
  result<V> get_or_load(const K& key, Loader&& loader,
                        const context& ctx = detail::never_cancelled()) {
    static_assert(loads<Loader>, "troupe: the loader of a cache must take the key and return the "
                                 "cache's value, or a troupe::result of it");
    for (bool first = true;; first = false) {
      auto [hit, refused, pending, mine] = look_or_join(key, ctx, first);
      if (hit)
        return *std::move(hit);
      if (refused)
        return tl::unexpected{*std::move(refused)};
      if (mine)
        return finish(*pending, load_by(loader, key), ctx);
      if (const auto answer = wait_for(*pending, ctx))
        return detail::handed_on(*answer);
    }
  }

  /// Whether there was one, expired or not.
  bool erase(const K& key) {
    const std::lock_guard lock{mutex_};
    const auto overtaken = find_load(key);
    const bool there = entries_.erase(key);
    take_out(overtaken);
    return there;
  }

  void clear() {
    const std::lock_guard lock{mutex_};
    for (auto i = loading_.begin(); i != loading_.end();)
      take_out(i++);
    entries_.clear();
  }

  /// Entries, those included that have expired and not been looked at since.
  std::size_t size() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
  }

  cache_stats stats() const {
    const std::lock_guard lock{mutex_};
    auto s = stats_;
    s.evictions = entries_.evictions();
    s.expirations = entries_.expirations();
    return s;
  }

private:
  /// Where there is none, the one error above is enough.
  struct no_hash {
    std::size_t operator()(const K&) const noexcept { return 0; }
  };
  using hash = std::conditional_t<usable_key, Hash, no_hash>;

  /// In `loading_` while others may join it: what is no longer there when it ends has been
  /// overtaken by a put, an erase or a clear.
  using load = detail::cache_load<K, V>;
  using load_list = std::list<std::shared_ptr<load>>;

  struct joined {
    std::optional<V> hit;
    std::optional<error> refused;
    std::shared_ptr<load> pending;
    bool mine = false;
  };

  template <class Loader>
  static constexpr bool loads = [] {
    if constexpr (std::invocable<Loader&, const K&>)
      return std::convertible_to<std::invoke_result_t<Loader&, const K&>, result<V>>;
    else
      return false;
  }();

  static std::size_t checked(const cache_options& o) {
    detail::need_at_least_one("cache", "capacity", o.capacity);
    detail::check_count("cache", "capacity", o.capacity, 1, detail::largest_count);
    if (o.ttl < duration::zero())
      throw std::invalid_argument("cache: ttl = " + std::to_string(o.ttl.count())
                                  + " ns, needs at least 0");
    return o.capacity;
  }

  time_point now() const { return clock_ ? clock_() : std::chrono::steady_clock::now(); }

  // Who asks again after a load that was none for it is not counted again.
  std::optional<V> look_up(const K& key, bool counts = true) {
    const V* const found = entries_.find(key, now());
    if (counts)
      ++(found != nullptr ? stats_.hits : stats_.misses);
    return found != nullptr ? std::optional<V>{*found} : std::nullopt;
  }

  joined look_or_join(const K& key, const context& ctx, bool counts) {
    const std::lock_guard lock{mutex_};
    if (auto hit = look_up(key, counts))
      return {std::move(hit), std::nullopt, nullptr};
    if (ctx.cancelled())
      return {std::nullopt, ctx.why(), nullptr};
    if (const auto theirs = find_load(key); theirs != loading_.end())
      return {std::nullopt, std::nullopt, *theirs};
    auto made = std::make_shared<load>(key, hash_(key));
    loading_.push_back(made);
    ++stats_.loads;
    return {std::nullopt, std::nullopt, std::move(made), true};
  }

  // A list: there are no more loads than callers that are blocked, and one is taken out without
  // asking its key for anything.
  typename load_list::iterator find_load(const K& key) {
    if (loading_.empty())
      return loading_.end();
    return std::find_if(loading_.begin(), loading_.end(), [&, h = hash_(key)](const auto& l) {
      return l->hash == h && equal_(l->key, key);
    });
  }

  void take_out(typename load_list::iterator l) noexcept {
    if (l == loading_.end())
      return;
    (*l)->listed = false;
    loading_.erase(l);
  }

  template <class Loader>
  static result<V> load_by(Loader& loader, const K& key) {
    try {
      return loader(key);
    } catch (...) {
      return tl::unexpected{detail::describe(std::current_exception())};
    }
  }

  result<V> finish(load& mine, result<V> answer, const context& ctx) {
    const std::lock_guard lock{mutex_};
    const bool wanted = mine.listed;
    if (wanted)
      take_out(std::find_if(loading_.begin(), loading_.end(),
                            [&](const auto& l) { return l.get() == &mine; }));
    mine.end(std::move(answer), ctx);
    if (wanted && mine.value)
      store(mine);
    return mine.copy();
  }

  void store(load& loaded) {
    try {
      entries_.put(std::move(loaded.key), *loaded.value, now());
    } catch (...) { // NOLINT(bugprone-empty-catch): documented; it is an answer all the same
    }
  }

  // Empty: that load was given up by its caller, and is to be made again.
  std::unique_ptr<result<V>> wait_for(load& pending, const context& ctx) {
    if (pending.by == std::this_thread::get_id())
      throw std::logic_error("cache: the loader of a key asks for the same key");
    const detail::wake_on_cancel waker{ctx, mutex_, pending.done};
    std::unique_lock lock{mutex_};
    if (!detail::wait_until_ready(lock, pending.done, ctx, std::nullopt,
                                  [&] { return pending.over(); }))
      return std::make_unique<result<V>>(tl::unexpect, ctx.why());
    if (!pending.for_others)
      return nullptr;
    return std::unique_ptr<result<V>>{new result<V>(pending.copy())};
  }

  const std::function<time_point()> clock_;
  mutable std::mutex mutex_; ///< guards all below
  expiring_lru<K, V, hash, Equal> entries_;
  load_list loading_;
  hash hash_{};
  Equal equal_{};
  cache_stats stats_;
};

} // namespace troupe
