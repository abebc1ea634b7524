#include <troupe/caf/wake_scheduler.hpp>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace troupe::detail {

void sharpen_timer() noexcept {
#ifdef __linux__
  constexpr unsigned long nanoseconds = 1000;
  ::prctl(PR_SET_TIMERSLACK, nanoseconds);
#endif
}

// -- idle_workers ------------------------------------------------------------------------------

void idle_workers::wake_one() noexcept {
  auto state = state_.load();
  do {
    if (state % one_parked != 0 || state < one_parked)
      return;
    // The woken worker counts as searching from now on, long before it runs: the jobs that come
    // until then need no system call.
  } while (!state_.compare_exchange_weak(state, state - one_parked + one_searching));
  permits_.fetch_add(1, std::memory_order_release);
  permits_.notify_one();
}

bool idle_workers::nap(std::chrono::microseconds at_most) noexcept {
  if (napping_.exchange(true))
    return false;
  (void)roused_.try_acquire_for(at_most);
  napping_.store(false);
  return true;
}

void idle_workers::rouse() noexcept {
  // At most one token for a nap: one too many would only cut the next nap short.
  if (napping_.load() && napping_.exchange(false))
    roused_.release();
}

void idle_workers::sleep() noexcept {
  for (auto n = permits_.load(std::memory_order_relaxed);;) {
    if (n == 0) {
      permits_.wait(0, std::memory_order_relaxed);
      n = permits_.load(std::memory_order_relaxed);
    } else if (permits_.compare_exchange_weak(n, n - 1, std::memory_order_acquire)) {
      return;
    }
  }
}

} // namespace troupe::detail
