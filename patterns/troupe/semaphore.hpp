#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/options.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/blocking_wait.hpp>

namespace troupe {

namespace detail {
class semaphore_state;
} // namespace detail

/// At most so many at once: a number of permits that threads take and give back.
///
///     troupe::semaphore sem{3};
///     if (auto permit = sem.acquire(ctx))      // waits; gives back at the end of the scope
///       use_one();
///     auto two = sem.acquire(2, ctx);          // weighted
///     if (sem.try_acquire()) { …; sem.release(); }   // by hand, never waits
///
/// Shape:  callable from any thread; neither copied nor moved. First come, first served: while
///         somebody waits, nobody overtakes, so a large request is not starved by small ones.
///         `acquire` answers with a guard; who uses `try_acquire…` calls `release`.
/// Bound:  `permits`; each waiter is a blocked thread.
/// Errors: std::invalid_argument for permits < 1 or n < 1. `acquire`: errc::overflow, at once, for
///         more permits than there are; errc::cancelled or errc::deadline_exceeded from the
///         context, which ends a wait at once. std::logic_error for a `release` of more
///         than is taken.
/// Cost:   a lock; a wait for who has to. Waiting blocks the calling thread: not for use in an
///         actor or a stage with thread::shared.
/// Source: golang.org/x/sync/semaphore.
class semaphore {
public:
  /// Permits that are given back when this goes: a move-only guard, which may
  /// outlive the semaphore.
  class permit {
  public:
    permit(permit&& other) noexcept : state_(std::move(other.state_)), n_(other.n_) {}
    permit& operator=(permit&& other) noexcept;
    ~permit() { release(); }

    /// Gives them back early; a second call does nothing.
    void release() noexcept;

  private:
    friend semaphore;
    permit(std::shared_ptr<detail::semaphore_state> state, std::size_t n) noexcept
        : state_(std::move(state)), n_(n) {}

    std::shared_ptr<detail::semaphore_state> state_; ///< null: given back
    std::size_t n_;
  };

  explicit semaphore(count permits);
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore();

  [[nodiscard]] result<permit> acquire(const context& ctx = detail::never_cancelled());
  [[nodiscard]] result<permit> acquire(count n, const context& ctx = detail::never_cancelled());

  /// Whether `n` were free and nobody waited for them; they are the caller's, until `release`.
  [[nodiscard]] bool try_acquire(count n = 1);
  /// The same, waiting for at most `limit`.
  [[nodiscard]] bool try_acquire_for(time_span limit, count n = 1);
  void release(count n = 1);

  /// How many are free at the moment.
  std::size_t available() const;
  /// How many callers wait at the moment.
  std::size_t waiting() const;

private:
  std::shared_ptr<detail::semaphore_state> state_;
};

} // namespace troupe
