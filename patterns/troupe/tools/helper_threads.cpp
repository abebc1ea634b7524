#include <troupe/tools/helper_threads.hpp>

#include <utility>

#include <troupe/detail/thread_name.hpp>
#include <troupe/tools/blocking_wait.hpp>

namespace troupe::detail {

namespace {

void join_all(std::list<std::thread>& threads) {
  for (auto& t : threads)
    t.join();
  threads.clear();
}

} // namespace

helper_threads& helper_threads::shared() {
  never_cancelled(); // made before the threads that may use it, so it is destroyed after them
  static helper_threads threads;
  return threads;
}

helper_threads::~helper_threads() {
  std::unique_lock lock{mutex_};
  closing_ = true;
  wake_.notify_all();
  // One at a time: each of them moves itself to the other list when it ends.
  while (!threads_.empty() || !ended_.empty()) {
    if (ended_.empty()) {
      wake_.wait(lock);
      continue;
    }
    thread_list ended = std::move(ended_);
    ended_.clear();
    lock.unlock();
    join_all(ended);
    lock.lock();
  }
}

void helper_threads::run(std::function<void()> job) {
  thread_list ended; // joined without the lock, which they may still be about to let go of
  {
    const std::lock_guard lock{mutex_};
    ended.swap(ended_);
    if (idle_ > jobs_.size()) {
      jobs_.push_back(std::move(job));
      wake_.notify_one();
    } else {
      threads_.emplace_front();
      const auto me = threads_.begin();
      try {
        *me = std::thread{[this, me, job = std::move(job)]() mutable { work(me, std::move(job)); }};
      } catch (...) {
        threads_.erase(me);
        ended_.swap(ended);
        throw;
      }
    }
  }
  join_all(ended);
}

std::size_t helper_threads::size() const {
  const std::lock_guard lock{mutex_};
  return threads_.size();
}

void helper_threads::work(thread_list::iterator me, std::function<void()> job) {
  name_this_thread("troupe.helper");
  for (;;) {
    job();
    job = nullptr; // what it owns goes now, not with the next one
    std::unique_lock lock{mutex_};
    if (!next(lock, job)) {
      ended_.splice(ended_.begin(), threads_, me);
      if (closing_)
        wake_.notify_all();
      return;
    }
  }
}

// False: this thread is not needed any more.
bool helper_threads::next(std::unique_lock<std::mutex>& lock, std::function<void()>& job) {
  if (idle_ >= most_idle || closing_)
    return false;
  ++idle_;
  wake_.wait(lock, [this] { return !jobs_.empty() || closing_; });
  --idle_;
  if (jobs_.empty())
    return false;
  job = std::move(jobs_.front());
  jobs_.pop_front();
  return true;
}

} // namespace troupe::detail
