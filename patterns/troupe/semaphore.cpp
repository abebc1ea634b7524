#include <troupe/semaphore.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include <troupe/detail/refusal.hpp>
#include <troupe/policy/fifo_permits.hpp>
#include <troupe/tools/tool_option.hpp>

namespace troupe {

namespace detail {

class semaphore_state {
public:
  explicit semaphore_state(std::size_t permits) : permits_(permits) {}

  std::size_t total() const noexcept { return permits_.total(); } // never changes

  std::size_t available() const {
    const std::lock_guard lock{mutex_};
    return permits_.available();
  }

  std::size_t waiting() const {
    const std::lock_guard lock{mutex_};
    return permits_.waiting();
  }

  bool try_acquire(std::size_t n) {
    const std::lock_guard lock{mutex_};
    return permits_.try_take(n);
  }

  /// False if the context or the limit came first.
  bool acquire(std::size_t n, const context& ctx, std::optional<time_point> limit) {
    if (try_acquire(n))
      return true;
    waiter me;
    const wake_on_cancel waker{ctx, mutex_, me.wake};
    std::unique_lock lock{mutex_};
    const auto ticket = permits_.enqueue(n);
    waiters_.emplace(ticket, &me);
    serve(); // between the two locks everything may have become free
    if (wait_until_ready(lock, me.wake, ctx, limit, [&me] { return me.served; }))
      return true;
    permits_.leave(ticket);
    waiters_.erase(ticket);
    serve(); // who stood behind us may have asked for less
    return false;
  }

  /// False, and nothing done, if so many are not out.
  bool release(std::size_t n) {
    const std::lock_guard lock{mutex_};
    if (n > permits_.total() - permits_.available())
      return false;
    permits_.give_back(n);
    serve();
    return true;
  }

private:
  struct waiter {
    std::condition_variable wake;
    bool served = false;
  };

  // With the lock held: a waiter that is told lives until it gets the lock.
  void serve() {
    for (const auto ticket : permits_.grant()) {
      const auto found = waiters_.find(ticket);
      found->second->served = true;
      found->second->wake.notify_one();
      waiters_.erase(found);
    }
  }

  mutable std::mutex mutex_;
  fifo_permits permits_;
  std::unordered_map<fifo_permits::ticket, waiter*> waiters_;
};

} // namespace detail

semaphore::permit& semaphore::permit::operator=(permit&& other) noexcept {
  const permit old{std::move(*this)};
  state_ = std::move(other.state_);
  n_ = other.n_;
  return *this;
}

void semaphore::permit::release() noexcept {
  if (const auto state = std::exchange(state_, nullptr))
    state->release(n_);
}

semaphore::semaphore(count permits) {
  detail::need_at_least_one("semaphore", "permits", permits);
  detail::check_count("semaphore", "permits", permits, 1, detail::largest_count);
  state_ = std::make_shared<detail::semaphore_state>(permits);
}

semaphore::~semaphore() = default;

result<semaphore::permit> semaphore::acquire(const context& ctx) { return acquire(1, ctx); }

result<semaphore::permit> semaphore::acquire(count n, const context& ctx) {
  detail::need_at_least_one("semaphore", "n", n);
  if (n > state_->total())
    return fail(errc::overflow, "semaphore: " + std::to_string(n.value())
                                    + " permits asked for, and there are only "
                                    + std::to_string(state_->total()));
  if (ctx.cancelled() || !state_->acquire(n, ctx, std::nullopt))
    return tl::unexpected{ctx.why()};
  return permit{state_, n};
}

bool semaphore::try_acquire(count n) {
  detail::need_at_least_one("semaphore", "n", n);
  return state_->try_acquire(n);
}

bool semaphore::try_acquire_for(time_span limit, count n) {
  detail::need_at_least_one("semaphore", "n", n);
  return n <= state_->total()
         && state_->acquire(n, detail::never_cancelled(), detail::from_now(limit));
}

void semaphore::release(count n) {
  detail::need_at_least_one("semaphore", "n", n);
  if (!state_->release(n))
    throw std::logic_error("semaphore: release of " + std::to_string(n.value())
                           + ", which is more than was acquired");
}

std::size_t semaphore::available() const { return state_->available(); }

std::size_t semaphore::waiting() const { return state_->waiting(); }

} // namespace troupe
