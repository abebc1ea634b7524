#include <troupe/caf/job_queue.hpp>

#include <thread>

namespace troupe::detail {

void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

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

} // namespace troupe::detail
