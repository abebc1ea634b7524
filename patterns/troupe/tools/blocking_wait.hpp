#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

#include <troupe/context.hpp>
#include <troupe/detail/elapsed.hpp>

// How a thread outside of any actor waits: until something happened, a context ended, or a limit.
namespace troupe::detail {

/// For default arguments: nobody can cancel it, and it costs nothing to pass.
const context& never_cancelled();

/// Wakes the sleepers of `wake` when `ctx` is cancelled. Make and destroy it without holding
/// `mutex`, which its callback takes: between a look at the context and going to sleep no
/// cancellation gets lost.
class wake_on_cancel {
public:
  wake_on_cancel(const context& ctx, std::mutex& mutex, std::condition_variable& wake);
  wake_on_cancel(const wake_on_cancel&) = delete;
  wake_on_cancel& operator=(const wake_on_cancel&) = delete;
  ~wake_on_cancel() { ctx_.forget(id_); }

private:
  const context& ctx_;
  std::size_t id_;
};

/// `limit` from now, or the latest moment there is, which never comes.
time_point from_now(duration limit);

/// The earlier of `limit` and the end of the context, which may have a clock of its own.
time_point end_of_wait(const context& ctx, std::optional<time_point> limit);

/// Sleeps until `ready()`; false if the context or the limit came first. `lock` is held by the
/// caller, who also has a `wake_on_cancel`.
template <class Ready>
bool wait_until_ready(std::unique_lock<std::mutex>& lock, std::condition_variable& wake,
                      const context& ctx, std::optional<time_point> limit, Ready ready) {
  while (!ready()) {
    const auto now = std::chrono::steady_clock::now();
    if (ctx.cancelled() || (limit && now >= *limit))
      return false;
    const auto end = end_of_wait(ctx, limit);
    if (elapsed(now, end) >= for_ever)
      wake.wait(lock);
    else
      wake.wait_until(lock, end);
  }
  return true;
}

/// Lets `d` pass. False, at once, if the context ends before that.
bool pass_time(duration d, const context& ctx);

} // namespace troupe::detail
