#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <semaphore>
#include <utility>
#include <vector>

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <troupe/caf/job_queue.hpp>

// A scheduler policy for CAF 0.17, loaded as a module. CAF's own work stealing polls: an idle
// worker sleeps up to 10 ms before it looks again, and a worker that enqueues a job wakes nobody.
// Here every job wakes a parked worker, unless one is searching already (the rule of Go and Tokio).
//
// A job is taken from another worker only when it has waited for a while. Actors that pass on tiny
// batches wake each other every microsecond: on one core their data stays in its cache, and moving
// them back and forth costs several times what the work does. A worker that computes for long loses
// its waiting jobs to an idle one just the same.
namespace troupe::detail {

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

  /// Whether any of `workers` is neither searching nor parked.
  bool any_busy(std::size_t workers) const noexcept {
    const auto state = state_.load();
    return state % one_parked + state / one_parked < workers;
  }

  /// Lets a searcher rest, but for `at_most`: it remains the one that the others rely on. False if
  /// another does so already.
  bool nap(std::chrono::microseconds at_most) noexcept;

  /// Ends the nap of a searcher.
  void rouse() noexcept;

  /// For tests.
  std::size_t parked() const noexcept { return state_.load() / one_parked; }

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
  alignas(64) std::atomic<bool> napping_{false};
  std::counting_semaphore<> roused_{0};
};

/// Asks the system to wake this thread when it is due, not some 50 us later.
void sharpen_timer() noexcept;

/// See caf/policy/work_sharing.hpp for the functions a policy has.
class wake_policy : public caf::policy::unprofiled {
public:
  using job = caf::resumable*;

  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    job_queue external; // from threads that are no workers
    idle_workers idle;
  };

  using clock = std::chrono::steady_clock;

  /// A job at the front of another worker's queue, and since when it has been seen there.
  struct sighting {
    std::uint64_t front = 0;
    clock::time_point since{};
  };

  // How often an idle worker looks after busy ones: soon again after it found something, less and
  // less often when it does not.
  static constexpr std::chrono::microseconds shortest_nap{3};
  static constexpr std::chrono::microseconds longest_nap{50};

  // And for how long, while nobody takes a job: then the busy ones are inside of long functions.
  // To look on would cost a third of a core; parked, it is woken by the next job, wherever that is
  // added. Where jobs are taken all the time to be woken for each would cost more than to look.
  static constexpr std::chrono::microseconds stillness{500};

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    worker_data(const worker_data&) {} // CAF copies an initial one, always empty

    job_queue jobs;
    std::vector<sighting> seen; ///< by worker
    unsigned tick = 0;
    std::chrono::microseconds nap = shortest_nap; ///< how long the next one may be
    std::uint64_t taken = 0;                      ///< jobs by all workers, when last looked at
    clock::time_point still_since{};              ///< and since when it is that
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* c, job j) {
    d(c).external.push(j);
    d(c).idle.wake_one();
    d(c).idle.rouse();
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

  // How long a job is left to the worker that it was given to, at least. Measured with trivial
  // work: without it two cores are slower than one, with 10 us the second core comes too late to
  // help. With 1 us four stages are a quarter faster, but where cores see each other's memory
  // slowly, as on some virtual machines at times, everything takes two or three times as long.
  static constexpr auto patience = std::chrono::microseconds{3};

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
  static job steal(Worker* w, clock::time_point now) {
    auto* const c = w->parent();
    const auto n = c->num_workers();
    auto& seen = d(w).seen;
    if (seen.size() != n) {
      seen.resize(n);
      sharpen_timer();
    }
    for (std::size_t i = 1; i < n; ++i) {
      const auto victim = (w->id() + i) % n;
      auto& jobs = d(c->worker_by_id(victim)).jobs;
      if (jobs.size() == 0)
        continue;
      auto& last = seen[victim];
      if (const auto front = jobs.front(); front != last.front || last.since == clock::time_point{})
        last = {front, now};
      else if (now - last.since >= patience)
        if (auto* j = jobs.pop_if(front)) {
          // Where one job had to wait there will be others.
          d(w).nap = shortest_nap;
          return j;
        }
    }
    return nullptr;
  }

  template <class Worker>
  static job search(Worker* w) {
    auto* const c = w->parent();
    auto& idle = d(c).idle;
    do {
      if (auto* j = look_around(w))
        return j;
    } while (idle.any_busy(c->num_workers()) && !stands_still(w) && idle.nap(next_nap(w)));
    return nullptr;
  }

  // Whether no job has been taken for a while. One that waits is no reason to go on: who parks
  // looks at the queues once more.
  template <class Worker>
  static bool stands_still(Worker* w) {
    auto* const c = w->parent();
    auto taken = d(c).external.front();
    for (std::size_t i = 0; i < c->num_workers(); ++i)
      taken += d(c->worker_by_id(i)).jobs.front();
    auto& mine = d(w);
    const auto now = clock::now();
    if (std::exchange(mine.taken, taken) != taken || mine.still_since == clock::time_point{})
      mine.still_since = now;
    return now - mine.still_since >= stillness;
  }

  template <class Worker>
  static std::chrono::microseconds next_nap(Worker* w) {
    auto& nap = d(w).nap;
    return std::exchange(nap, std::min(2 * nap, longest_nap));
  }

  template <class Worker>
  static job look_around(Worker* w) {
    auto now = clock::now();
    const auto end = now + search_time;
    for (; now < end; now = clock::now()) {
      if (auto* j = take(w))
        return j;
      if (auto* j = steal(w, now))
        return j;
      // Each look takes the cache lines of busy workers away from them: not too often.
      for (int i = 0; i < 8; ++i)
        cpu_relax();
    }
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

} // namespace troupe::detail
