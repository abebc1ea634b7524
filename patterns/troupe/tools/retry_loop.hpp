#pragma once

#include <functional>
#include <random>
#include <utility>

#include <troupe/context.hpp>
#include <troupe/policy/retry.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/attempt.hpp>
#include <troupe/tools/held.hpp>

namespace troupe::detail {

/// Lets a delay pass; false if the context ended before.
using delay_function = std::function<bool(duration, const context&)>;

/// Callers who failed together must not draw the same delays.
std::minstd_rand fresh_rng();

/// The delays of one call, without the function that is called.
class retry_loop {
public:
  retry_loop(const retry& policy, const context& ctx, delay_function wait);

  /// Whether the context allows an attempt. If not, `failure` says why.
  bool may_start();
  /// Waits after an attempt that failed; false: that was the last, and `failure` is what to answer.
  bool may_repeat(error reason);
  error failure() &&;

private:
  retry_schedule schedule_;
  const context& ctx_;
  delay_function wait_;
  std::minstd_rand rng_;
  error last_;
};

delay_function real_delay();

template <class F>
result<attempt_t<F>> retry_with(F& f, retry_loop loop, const context& ctx) {
  context own = ctx;
  while (loop.may_start()) {
    auto answer = attempt(f, own);
    if (answer)
      return handed_on(answer);
    if (!loop.may_repeat(answer.error()))
      break;
  }
  return tl::unexpected{std::move(loop).failure()};
}

} // namespace troupe::detail
