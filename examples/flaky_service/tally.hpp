#pragma once

#include <cstdint>
#include <mutex>

#include <troupe/result.hpp>

namespace flaky_service {

/// What a client's callers got, and how long they waited for it.
struct tally {
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t refused = 0; ///< by the breaker
  troupe::duration waited{};

  std::uint64_t ended() const noexcept { return answered + failed + refused; }

  template <class T>
  void add(const troupe::result<T>& r, troupe::duration took) {
    waited += took;
    if (r)
      ++answered;
    else if (r.error().code() == troupe::errc::breaker_open)
      ++refused;
    else
      ++failed;
  }

  friend tally operator-(const tally& a, const tally& b) noexcept {
    return {a.answered - b.answered, a.failed - b.failed, a.refused - b.refused,
            a.waited - b.waited};
  }
};

/// A tally to which several threads add.
class shared_tally {
public:
  template <class T>
  void add(const troupe::result<T>& r, troupe::duration took) {
    const std::lock_guard lock{mutex_};
    sum_.add(r, took);
  }
  tally sum() const {
    const std::lock_guard lock{mutex_};
    return sum_;
  }

private:
  mutable std::mutex mutex_;
  tally sum_;
};

} // namespace flaky_service
