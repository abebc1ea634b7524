#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/coordinator.hpp>

// A scheduler policy for CAF 0.17, loaded as a module. CAF's own work stealing polls: an idle
// worker sleeps up to 10 ms before it looks again, and a worker that enqueues a job wakes nobody.
// Here every job wakes a parked worker, unless one is searching already (the rule of Go and Tokio).
// To leave a first job to its sender for some microseconds was measured, and gained nothing.
namespace troupe::detail {

/// FIFO of runnable actors. Bound: one entry per runnable actor; the memory is kept for reuse.
class alignas(64) job_queue {
public:
  using job = caf::resumable*;

  /// Returns whether the queue was empty.
  bool push(job j);

  /// Returns nullptr if the queue is empty.
  job pop();

  std::size_t size() const noexcept { return size_.load(std::memory_order_seq_cst); }

private:
  void lock() noexcept;
  void unlock() noexcept { locked_.clear(std::memory_order_release); }
  void grow();

  std::atomic_flag locked_;
  std::atomic<std::size_t> size_{0};
  std::size_t head_ = 0;
  std::vector<job> ring_ = std::vector<job>(64); // its size is a power of two
};

/// How many workers search and how many are parked, in one word, and where they sleep.
///
/// No wake-up is lost, because all of these are sequentially consistent: whoever adds a job first
/// adds it and then looks here; whoever stops searching first says so here and then looks at the
/// queues. Of two such parties at least one sees the other.
class alignas(64) idle_workers {
public:
  void start_search() noexcept { state_.fetch_add(one_searching); }

  /// Returns true to the last searcher: jobs may have come that nobody was woken for.
  bool end_search() noexcept { return state_.fetch_sub(one_searching) % one_parked == 1; }

  /// Turns the calling searcher into a parked worker; it must look at the queues once more.
  void announce_park() noexcept { state_.fetch_add(one_parked - one_searching); }

  /// Blocks an announced worker until `wake_one` has made a searcher of it.
  void sleep() noexcept;

  void wake_one() noexcept;

private:
  static constexpr std::uint32_t one_searching = 1;
  static constexpr std::uint32_t one_parked = 1U << 16U;

  std::atomic<std::uint32_t> state_{0};
  alignas(64) std::atomic<int> permits_{0};
};

/// Tells the core that this is a spin loop.
void cpu_relax() noexcept;

/// See caf/policy/work_sharing.hpp for the functions a policy has.
class wake_policy : public caf::policy::unprofiled {
public:
  using job = caf::resumable*;

  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    job_queue external; // from threads that are no workers
    idle_workers idle;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    worker_data(const worker_data&) {} // CAF copies an initial one, always empty

    job_queue jobs;
    unsigned tick = 0;
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* c, job j) {
    d(c).external.push(j);
    d(c).idle.wake_one();
  }

  template <class Worker>
  void external_enqueue(Worker* w, job j) {
    central_enqueue(w->parent(), j);
  }

  template <class Worker>
  void internal_enqueue(Worker* w, job j) {
    d(w).jobs.push(j);
    d(w->parent()).idle.wake_one();
  }

  template <class Worker>
  void resume_job_later(Worker* w, job j) {
    // Behind all others of this worker. If there are none, we run it next: no one need wake up.
    if (!d(w).jobs.push(j))
      d(w->parent()).idle.wake_one();
  }

  template <class Worker>
  job dequeue(Worker* w) {
    if (auto* j = take(w))
      return j;
    auto& idle = d(w->parent()).idle;
    for (idle.start_search();; idle.sleep()) {
      if (auto* j = search(w)) {
        if (idle.end_search() && any_job(w->parent()))
          idle.wake_one();
        return j;
      }
      idle.announce_park();
      if (any_job(w->parent()))
        idle.wake_one(); // wakes us or another; either searches
    }
  }

  template <class Worker, class F>
  void foreach_resumable(Worker* w, F f) {
    while (auto* j = d(w).jobs.pop())
      f(j);
  }

  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* c, F f) {
    while (auto* j = d(c).external.pop())
      f(j);
  }

private:
  // Catches the next message of a running pipeline, and is the CPU time that a lone message costs
  // in addition. A longer search (50 us) gained nothing.
  static constexpr auto search_time = std::chrono::microseconds{20};

  // Every so often jobs from outside come first, so that busy workers do not starve them.
  static constexpr unsigned external_turn = 32;

  template <class Worker>
  static job take(Worker* w) {
    auto& mine = d(w).jobs;
    auto& external = d(w->parent()).external;
    if (++d(w).tick % external_turn == 0)
      if (auto* j = external.pop()) {
        if (mine.size() > 0)
          d(w->parent()).idle.wake_one(); // we left jobs waiting that `resume_job_later` kept to us
        return j;
      }
    if (auto* j = mine.pop())
      return j;
    return external.pop();
  }

  template <class Worker>
  static job steal(Worker* w) {
    auto* const c = w->parent();
    const auto n = c->num_workers();
    for (std::size_t i = 1; i < n; ++i)
      if (auto* j = d(c->worker_by_id((w->id() + i) % n)).jobs.pop())
        return j;
    return nullptr;
  }

  template <class Worker>
  static job search(Worker* w) {
    using clock = std::chrono::steady_clock;
    const auto end = clock::now() + search_time;
    do {
      if (auto* j = take(w))
        return j;
      if (auto* j = steal(w))
        return j;
      // Each look takes the cache lines of busy workers away from them: not too often.
      for (int i = 0; i < 8; ++i)
        cpu_relax();
    } while (clock::now() < end);
    return nullptr;
  }

  template <class Coordinator>
  static bool any_job(Coordinator* c) {
    if (d(c).external.size() > 0)
      return true;
    for (std::size_t i = 0; i < c->num_workers(); ++i)
      if (d(c->worker_by_id(i)).jobs.size() > 0)
        return true;
    return false;
  }
};

using wake_coordinator = caf::scheduler::coordinator<wake_policy>;

} // namespace troupe::detail
