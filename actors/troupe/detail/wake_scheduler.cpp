#include <troupe/detail/wake_scheduler.hpp>

#include <thread>

namespace troupe::detail {

void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
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
  ring_[(head_ + n) & (ring_.size() - 1)] = j;
  size_.store(n + 1, std::memory_order_seq_cst);
  unlock();
  return n == 0;
}

job_queue::job job_queue::pop() {
  if (size() == 0) // without the lock: searchers look often
    return nullptr;
  lock();
  const auto n = size_.load(std::memory_order_relaxed);
  job j = nullptr;
  if (n > 0) {
    j = ring_[head_ & (ring_.size() - 1)];
    ++head_;
    size_.store(n - 1, std::memory_order_relaxed);
  }
  unlock();
  return j;
}

void job_queue::grow() {
  std::vector<job> bigger(ring_.size() * 2);
  for (std::size_t i = 0; i < ring_.size(); ++i)
    bigger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
  ring_.swap(bigger);
  head_ = 0;
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
