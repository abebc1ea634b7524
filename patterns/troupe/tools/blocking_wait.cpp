#include <troupe/tools/blocking_wait.hpp>

#include <algorithm>

namespace troupe::detail {

using std::chrono::steady_clock;

const context& never_cancelled() {
  static const context root = context::background();
  return root;
}

wake_on_cancel::wake_on_cancel(const context& ctx, std::mutex& mutex, std::condition_variable& wake)
    : ctx_(ctx), id_(ctx.on_cancel([&mutex, &wake] {
        const std::lock_guard lock{mutex};
        wake.notify_all();
      })) {}

time_point from_now(duration limit) {
  return limit < for_ever ? later(steady_clock::now(), limit) : time_point::max();
}

time_point end_of_wait(const context& ctx, std::optional<time_point> limit) {
  const auto left = ctx.remaining();
  return std::min(limit.value_or(time_point::max()), left ? from_now(*left) : time_point::max());
}

bool pass_time(duration d, const context& ctx) {
  std::mutex mutex;
  std::condition_variable wake;
  const wake_on_cancel waker{ctx, mutex, wake};
  std::unique_lock lock{mutex};
  wait_until_ready(lock, wake, ctx, from_now(d), [] { return false; });
  return !ctx.cancelled();
}

} // namespace troupe::detail
