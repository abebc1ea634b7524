#include <troupe/caf/wake_scheduler.hpp>

#include <thread>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace troupe::detail {

void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void sharpen_timer() noexcept {
#ifdef __linux__
  constexpr unsigned long nanoseconds = 1000;
  ::prctl(PR_SET_TIMERSLACK, nanoseconds);
#endif
}

// -- job_queue ---------------------------------------------------------------------------------

void job_queue::lock() noexcept {
  for (int spins = 0; locked_.test_and_set(std::memory_order_acquire);) {
    // The holder needs nanoseconds unless it lost its core; then give it ours.
    if (++spins < 64) {
      cpu_relax();
    } else {
      std::this_thread::yield();
      spins = 0;
    }
  }
}

bool job_queue::push(job j) {
  lock();
  const auto n = size_.load(std::memory_order_relaxed);
  if (n == ring_.size())
    grow();
  ring_[(front() + n) & (ring_.size() - 1)] = j;
  size_.store(n + 1, std::memory_order_seq_cst);
  unlock();
  return n == 0;
}

job_queue::job job_queue::pop() {
  if (size() == 0) // without the lock: searchers look often
    return nullptr;
  lock();
  auto* const j = pop_locked();
  unlock();
  return j;
}

job_queue::job job_queue::pop_if(std::uint64_t expected) {
  lock();
  auto* const j = front() == expected ? pop_locked() : nullptr;
  unlock();
  return j;
}

job_queue::job job_queue::pop_locked() {
  const auto n = size_.load(std::memory_order_relaxed);
  if (n == 0)
    return nullptr;
  const auto head = front();
  auto* const j = ring_[head & (ring_.size() - 1)];
  head_.store(head + 1, std::memory_order_relaxed);
  size_.store(n - 1, std::memory_order_relaxed);
  return j;
}

void job_queue::grow() {
  std::vector<job> bigger(ring_.size() * 2);
  // Each job keeps its number, and with it its place modulo the size.
  for (auto i = front(); i < front() + ring_.size(); ++i)
    bigger[i & (bigger.size() - 1)] = ring_[i & (ring_.size() - 1)];
  ring_.swap(bigger);
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
