#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <caf/resumable.hpp>

namespace troupe::detail {

/// Tells the core that this is a spin loop.
void cpu_relax() noexcept;

/// FIFO of runnable actors. Bound: one entry per runnable actor; the memory is kept for reuse.
class alignas(64) job_queue {
public:
  using job = caf::resumable*;

  /// Returns whether the queue was empty.
  bool push(job j);

  /// Returns nullptr if the queue is empty.
  job pop();

  /// As `pop`, but only if the job at the front is the `front`-th that ever was there.
  job pop_if(std::uint64_t front);

  /// How many jobs have ever left: names the job at the front.
  std::uint64_t front() const noexcept { return head_.load(std::memory_order_relaxed); }

  std::size_t size() const noexcept { return size_.load(std::memory_order_seq_cst); }

private:
  void lock() noexcept;
  void unlock() noexcept { locked_.clear(std::memory_order_release); }
  void grow();
  job pop_locked();

  std::atomic_flag locked_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> head_{0};
  std::vector<job> ring_ = std::vector<job>(64); // its size is a power of two
};

} // namespace troupe::detail
