#include <troupe/with_timeout.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include <troupe/tools/blocking_wait.hpp>
#include <troupe/tools/helper_threads.hpp>

namespace troupe {

namespace {

std::atomic<std::size_t> abandoned{0};

/// What the caller and the helper thread have in common.
struct shared_call {
  explicit shared_call(const context& c) : ctx(c) {}

  context ctx; ///< that of the function
  std::mutex mutex;
  std::condition_variable over;
  bool done = false;
  bool given_up = false;
};

void complete(shared_call& call) {
  const std::lock_guard lock{call.mutex};
  call.done = true;
  if (call.given_up)
    --abandoned;
  call.over.notify_all();
}

/// Whether it is done; if not, it is given up on.
bool wait_for(shared_call& call, duration limit, const context& ctx) {
  const detail::wake_on_cancel waker{ctx, call.mutex, call.over};
  std::unique_lock lock{call.mutex};
  if (detail::wait_until_ready(lock, call.over, ctx, detail::from_now(limit),
                               [&] { return call.done; }))
    return true;
  call.given_up = true;
  ++abandoned;
  return false;
}

std::string milliseconds(duration d) {
  auto text = std::to_string(std::chrono::duration<double, std::milli>{d}.count());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + " ms";
}

error timed_out(duration limit) {
  return {errc::timed_out, {}, "no answer within " + milliseconds(limit)};
}

} // namespace

std::size_t abandoned_calls() { return abandoned; }

namespace detail {

result<void> run_abandonable(std::function<void(context&)> body, duration limit,
                             const context& ctx) {
  if (ctx.cancelled())
    return tl::unexpected{ctx.why()};
  if (limit <= duration::zero())
    return tl::unexpected{timed_out(limit)};
  if (abandoned >= most_abandoned_calls)
    return fail(errc::overflow, "with_timeout: " + std::to_string(most_abandoned_calls)
                                    + " calls that nobody waits for are still running");
  const auto call = std::make_shared<shared_call>(ctx.with_timeout(limit));
  helper_threads::shared().run([call, body = std::move(body)]() mutable {
    body(call->ctx);
    body = nullptr; // when the caller goes on, nothing of the function is left here
    complete(*call);
  });
  if (wait_for(*call, limit, ctx))
    return {};
  call->ctx.cancel();
  return tl::unexpected{ctx.cancelled() ? ctx.why() : timed_out(limit)};
}

} // namespace detail

} // namespace troupe
