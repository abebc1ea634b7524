#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include <caf/fwd.hpp>

#include <troupe/error.hpp>

namespace troupe::detail {

/// Whether this thread is inside of `ask`. Then it calls no callback: whoever asks may hold locks
/// that the callback takes, and one that asks again would be called from there without end.
class inside_ask {
public:
  inside_ask() noexcept { ++depth(); }
  inside_ask(const inside_ask&) = delete;
  inside_ask& operator=(const inside_ask&) = delete;
  ~inside_ask() { --depth(); }

  static bool inside() noexcept { return depth() > 0; }

private:
  static int& depth() noexcept;
};

/// Calls the callbacks of calls that were answered inside of `ask`: refused, or not
/// wanted any more.
///
/// Shape: those of a service one after the other, in the order of their answers, on a helper
///        thread; under the testing scheduler each in an actor of its own.
/// Bound: an entry for each that has not been called yet.
class callbacks_outside : public std::enable_shared_from_this<callbacks_outside> {
public:
  explicit callbacks_outside(caf::actor_system& sys);
  callbacks_outside(const callbacks_outside&) = delete;
  callbacks_outside& operator=(const callbacks_outside&) = delete;
  ~callbacks_outside() = default;

  /// `f` must not throw. Where there is neither memory nor a thread, it is called here.
  void call(std::function<void()> f) noexcept;
  /// Until all have been called, or the limit is over.
  void wait(duration limit);

private:
  void call_next();
  void run() noexcept;

  caf::actor_system* driven_; ///< null: no testing scheduler
  std::mutex mutex_;          ///< guards all below
  std::condition_variable empty_;
  std::deque<std::function<void()>> waiting_;
  std::size_t open_ = 0; ///< waiting, or being called
  bool running_ = false;
};

} // namespace troupe::detail
