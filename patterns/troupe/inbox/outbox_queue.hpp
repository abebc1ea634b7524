#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <troupe/kernel/item_kernel.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/blocking_wait.hpp>

namespace troupe::detail {

/// Whether the actor behind `host` is driven by a test, in the test's own thread.
bool in_virtual_time(kernel_host& host);

/// The bounded queue between the sink inside and the threads outside.
template <class T>
class outbox_queue {
public:
  outbox_queue(std::string name, std::size_t capacity)
      : name_(std::move(name)), capacity_(capacity) {}

  // -- for receivers -----------------------------------------------------------------------------

  std::optional<T> try_receive() {
    std::unique_lock lock{mutex_};
    return take(lock);
  }

  result<T> receive(duration limit, const context& ctx) {
    const wake_on_cancel waker{ctx, mutex_, arrived_};
    std::unique_lock lock{mutex_};
    const bool ready = wait_until_ready(lock, arrived_, ctx, from_now(limit),
                                        [this] { return !items_.empty() || ended_; });
    if (!items_.empty())
      return given(lock);
    if (ready)
      return fail(errc::closed, "outbox \"" + name_ + "\" is empty, and its run has ended");
    if (ctx.cancelled())
      return tl::unexpected{ctx.why()};
    return fail(errc::timed_out, "outbox \"" + name_ + "\" stayed empty");
  }

  /// Nobody is left who could take anything.
  void orphan() noexcept {
    std::deque<T> rest;
    const std::lock_guard lock{mutex_};
    rest.swap(items_);
    orphaned_ = true;
    room_.notify_all();
  }

  // -- for the sink ------------------------------------------------------------------------------

  enum class answer { accepted, unwanted, halted };

  void claim() {
    const std::lock_guard lock{mutex_};
    if (std::exchange(claimed_, true))
      throw std::logic_error("outbox \"" + name_ + "\" already serves a run; make another one");
  }

  void end() noexcept {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    arrived_.notify_all();
  }

  /// Waits for room. The item is moved from only if accepted.
  template <class U>
  answer put(U& item, kernel_host& host) {
    {
      const std::lock_guard lock{mutex_};
      if (orphaned_)
        return answer::unwanted;
      if (items_.size() < capacity_)
        return accept(item);
    }
    if (in_virtual_time(host))
      throw std::logic_error("outbox \"" + name_
                             + "\" is full, and under the testing scheduler it cannot wait: the "
                               "receiver runs in the same thread");
    return wait_and_put(item, host);
  }

private:
  template <class U>
  answer accept(U& item) {
    items_.push_back(static_cast<T>(std::move(item)));
    arrived_.notify_one();
    return answer::accepted;
  }

  template <class U>
  answer wait_and_put(U& item, kernel_host& host) {
    const wake_on_cancel waker{host.ctx(), mutex_, room_};
    std::unique_lock lock{mutex_};
    // A deadline needs no timer here: the run cancels its context when that passes.
    room_.wait(lock, [&] {
      return orphaned_ || items_.size() < capacity_ || host.halted() || host.ctx().cancelled();
    });
    if (orphaned_)
      return answer::unwanted;
    return items_.size() < capacity_ ? accept(item) : answer::halted;
  }

  // What is returned is made in its place, before the item leaves: one that throws stays.
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    std::optional<T> item;
    if (!items_.empty()) {
      item.emplace(std::move(items_.front()));
      pop(lock);
    }
    return item;
  }

  result<T> given(std::unique_lock<std::mutex>& lock) {
    result<T> item{std::move(items_.front())};
    pop(lock);
    return item;
  }

  void pop(std::unique_lock<std::mutex>& lock) {
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
  }

  const std::string name_;
  const std::size_t capacity_;

  std::mutex mutex_; ///< guards all below
  std::condition_variable arrived_;
  std::condition_variable room_;
  std::deque<T> items_;
  bool claimed_ = false;
  bool ended_ = false;
  bool orphaned_ = false;
};

/// Puts what a flow hands it into an outbox, whose items may be of another type than the flow's.
template <class T, class V>
class outbox_op {
public:
  using input = T;
  using output = no_output;

  explicit outbox_op(std::shared_ptr<outbox_queue<V>> queue) : queue_(std::move(queue)) {
    queue_->claim();
  }
  outbox_op(outbox_op&&) noexcept = default;
  outbox_op& operator=(outbox_op&&) = delete;
  ~outbox_op() {
    if (queue_)
      queue_->end();
  }

  disposition operator()(T& item, emitter<no_output>&, kernel_host& host) {
    switch (queue_->put(item, host)) {
    case outbox_queue<V>::answer::accepted:
      return disposition::delivered;
    case outbox_queue<V>::answer::unwanted:
      host.enough();
      return disposition::filtered;
    case outbox_queue<V>::answer::halted:
      break;
    }
    std::this_thread::yield(); // the context ended first, the run follows at once
    return disposition::again;
  }

private:
  std::shared_ptr<outbox_queue<V>> queue_;
};

} // namespace troupe::detail
