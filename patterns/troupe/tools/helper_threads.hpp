#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace troupe::detail {

/// Threads for calls that somebody may walk away from.
///
/// Shape: a job never waits for another: it gets an idle thread or a new one.
/// Bound: as many threads as jobs at one time, and `most_idle` that wait for the next one.
/// End:   the destructor waits for every job. Threads that ran on while the process ends would use
///        what is already destroyed.
class helper_threads {
public:
  static constexpr std::size_t most_idle = 4;

  /// Those of the process.
  static helper_threads& shared();

  helper_threads() = default;
  helper_threads(const helper_threads&) = delete;
  helper_threads& operator=(const helper_threads&) = delete;
  ~helper_threads();

  /// `job` must not throw. Errors: std::system_error where there is no thread to be had.
  void run(std::function<void()> job);

  /// Threads that there are, at work or idle.
  std::size_t size() const;

private:
  using thread_list = std::list<std::thread>;

  void work(thread_list::iterator me, std::function<void()> job);
  bool next(std::unique_lock<std::mutex>& lock, std::function<void()>& job);

  mutable std::mutex mutex_; ///< guards all below
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_; ///< never more than there are idle threads
  thread_list threads_;
  thread_list ended_; ///< to be joined; they have nothing left to do
  std::size_t idle_ = 0;
  bool closing_ = false;
};

} // namespace troupe::detail
