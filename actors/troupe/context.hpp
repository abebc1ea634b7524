#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <troupe/error.hpp>

namespace troupe {

namespace detail {
class context_state;
} // namespace detail

/// Carries cancellation and a deadline through a run and its stage functions.
///
///     auto ctx = troupe::context::background().with_timeout(5s);
///     auto r = troupe::start(sys, flow, {.ctx = ctx});   // ends once 5 s are over
///     auto step = ctx.child();      // cancelled with ctx; cancelling it leaves ctx alone
///     ctx.cancel();
///
/// Shape:  a handle: copies share one state, all members are safe to call from any thread. There is
///         no empty handle; moving one copies it.
/// Bound:  a parent holds its children weakly and forgets them when their last handle goes; a child
///         keeps its parents. A callback is held until cancel or `forget`, so one that captures its
///         own context keeps it alive until then.
/// Errors: none thrown by itself; `why` tells what happened. A clock must not throw. What a
///         callback throws is dropped.
/// Cost:   `cancelled` is one atomic load, plus one reading of the clock while a deadline is ahead;
///         a child costs two allocations and a lock of its parent.
/// Source: context of Go, whose `AfterFunc` is `on_cancel` here.
class context {
public:
  /// The same as `background()`.
  context();

  // Declared, so that there is no move: a moved-from handle would be an empty one.
  context(const context&) = default;
  context& operator=(const context&) = default;
  ~context() = default;

  /// A root of its own, without a deadline; its children measure time by steady_clock.
  static context background();

  /// The same, measuring time by `clock`: virtual time for tests.
  static context background(std::function<time_point()> clock);

  /// A child that is cancelled `d` from now, or with its parent if that is earlier.
  context with_timeout(time_span d) const;

  /// A child that is cancelled at `t`, or with its parent if that is earlier.
  context with_deadline(time_point t) const;

  /// A child with the deadline of its parent.
  context child() const;

  /// Cancels this context and all that were made from it, then runs their callbacks here: parents
  /// before children, each in the order of registration. Later calls change nothing, and return
  /// without waiting for callbacks that the first is still running.
  void cancel();

  /// Whether it was cancelled or the deadline has passed; once true, it stays true.
  bool cancelled() const noexcept;

  std::optional<time_point> deadline() const;

  /// The time until the deadline, zero once it has passed.
  std::optional<duration> remaining() const;

  /// Runs `f` once, on `cancel`, in the thread that cancels; here and now if already cancelled
  /// (then the answer is 0: nothing to forget). A deadline alone runs nothing, because nobody
  /// watches the clock: whoever waits bounds the wait by `remaining`.
  std::size_t on_cancel(std::function<void()> f) const;

  /// Takes a callback back. When this returns, it neither runs nor will run, and its captures are
  /// destroyed: if another thread is running it, this waits. Therefore call it without holding a
  /// lock that the callback takes. Called by the callback itself, it returns at once.
  void forget(std::size_t id) const;

  /// errc::cancelled or errc::deadline_exceeded, whichever came first; errc::none when neither.
  error why() const;

private:
  explicit context(std::shared_ptr<detail::context_state> state);

  std::shared_ptr<detail::context_state> state_;
};

} // namespace troupe
