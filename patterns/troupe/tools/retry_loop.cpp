#include <troupe/tools/retry_loop.hpp>

#include <atomic>
#include <random>

#include <troupe/tools/blocking_wait.hpp>

namespace troupe::detail {

std::minstd_rand fresh_rng() {
  static std::atomic<unsigned> calls{std::random_device{}()};
  std::seed_seq seed{calls++};
  return std::minstd_rand{seed};
}

retry_loop::retry_loop(const retry& policy, const context& ctx, delay_function wait)
    : schedule_((validate(policy, "with_retry"), policy)), ctx_(ctx), wait_(std::move(wait)),
      rng_(fresh_rng()) {}

bool retry_loop::may_start() {
  if (!ctx_.cancelled())
    return true;
  auto why = ctx_.why();
  if (schedule_.attempts() == 0)
    last_ = std::move(why);
  else
    last_ = error{why.code(), {}, why.message() + ", after: " + to_string(last_)};
  return false;
}

bool retry_loop::may_repeat(error reason) {
  last_ = std::move(reason);
  const auto delay = schedule_.next(last_, rng_);
  if (!delay)
    return false;
  const auto left = ctx_.remaining();
  if (left && *delay >= *left && !ctx_.cancelled())
    return false;
  wait_(*delay, ctx_); // if the context ends it, no attempt may start
  return true;
}

error retry_loop::failure() && {
  return std::move(last_).with_attempts(static_cast<int>(schedule_.attempts()));
}

delay_function real_delay() { return pass_time; }

} // namespace troupe::detail
