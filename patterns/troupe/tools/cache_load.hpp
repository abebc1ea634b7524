#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/error.hpp>
#include <troupe/kernel/kernel.hpp>
#include <troupe/result.hpp>

namespace troupe::detail {

/// One call of a cache's loader, and those who wait for it. Guarded by the cache's mutex.
template <class K, class V>
struct cache_load {
  cache_load(const K& k, std::size_t h) : key(k), hash(h) {}

  K key;
  std::size_t hash;
  bool listed = true;           ///< others may join it
  std::optional<V> value;       // one of these two
  std::optional<error> failure; // at its end
  bool for_others = true;       ///< what came of it
  std::condition_variable done;
  const std::thread::id by = std::this_thread::get_id();

  bool over() const noexcept { return value || failure; }

  /// The loader has answered, for the caller whose context is `ctx`. Nothing of what a user's type
  /// throws here may stand between the load and those who wait for it.
  void end(result<V>&& answer, const context& ctx) {
    for_others = answer.has_value() || !(ctx.cancelled() || ran_out(answer.error().code()));
    try {
      if (answer)
        value.emplace(std::move(*answer));
      else
        failure = std::move(answer).error();
    } catch (...) {
      failure = describe(std::current_exception());
    }
    done.notify_all();
  }

  /// What came of it, for one of those who wanted it.
  result<V> copy() const {
    if (failure)
      return tl::unexpected{*failure};
    try {
      return result<V>{*value};
    } catch (...) {
      return tl::unexpected{describe(std::current_exception())};
    }
  }

private:
  static bool ran_out(errc code) noexcept {
    return code == errc::cancelled || code == errc::deadline_exceeded;
  }
};

} // namespace troupe::detail
