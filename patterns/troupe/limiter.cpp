#include <troupe/limiter.hpp>

#include <condition_variable>
#include <mutex>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace detail {

class limiter_state {
public:
  limiter_state(caf::actor_system& sys, std::string name, rate r, amount burst)
      : system_(sys), clock_(sys), name_(std::move(name)), bucket_(r, burst, clock_.now()) {}

  const std::string& name() const noexcept { return name_; }
  time_point now() const noexcept { return clock_.now(); }

  /// The clock is read under the lock, so that the bucket never sees it step back.
  template <class F>
  auto locked(F f) {
    const std::lock_guard lock{mutex_};
    return f(bucket_, clock_.now());
  }

  /// False if the context came first.
  bool wait_until(time_point at, const context& ctx) {
    return is_testing(system_) ? drive_until(at, ctx) : sleep_until(at, ctx);
  }

private:
  // Virtual time: nobody but us makes anything happen.
  bool drive_until(time_point at, const context& ctx) {
    const auto over = [&] { return now() >= at || ctx.cancelled(); };
    virtual_time::drive(system_, over, elapsed(now(), at));
    return now() >= at;
  }

  bool sleep_until(time_point at, const context& ctx) {
    std::mutex mutex;
    std::condition_variable wake;
    const wake_on_cancel waker{ctx, mutex, wake};
    std::unique_lock lock{mutex};
    return wait_until_ready(lock, wake, ctx, at, [&] { return now() >= at; }) || now() >= at;
  }

  caf::actor_system& system_;
  clock_reader clock_;
  std::string name_;
  std::mutex mutex_;
  token_bucket bucket_;
};

} // namespace detail

namespace {

std::string named(const std::string& name) { return "limiter \"" + name + "\""; }

error refused(const std::string& name, std::string why, duration retry_after) {
  return error{errc::rate_limited, name, std::move(why)}.with_retry_after(
      retry_after == duration::max() ? duration::zero() : retry_after);
}

} // namespace

limiter::limiter(caf::actor_system& sys, std::string name, rate r, rate_limit_options options) {
  check_limit(named(name), r);
  check_limit(named(name), options.burst);
  state_ = std::make_unique<detail::limiter_state>(sys, std::move(name), r, options.burst);
}

limiter::~limiter() = default;

bool limiter::allow(amount n) {
  return state_->locked([n](token_bucket& b, time_point now) { return b.allow(now, n); });
}

result<void> limiter::take(amount n) {
  const auto retry_after = state_->locked([n](token_bucket& b, time_point now) {
    return b.allow(now, n) ? duration{-1} : b.retry_after(now, n);
  });
  if (retry_after < duration::zero())
    return {};
  return tl::unexpected{refused(state_->name(), "the rate limit refuses it", retry_after)};
}

reservation limiter::reserve(amount n) {
  return state_->locked([n](token_bucket& b, time_point now) { return b.reserve(now, n); });
}

void limiter::cancel(const reservation& r) {
  state_->locked([&r](token_bucket& b, time_point now) { b.cancel(r, now); });
}

result<void> limiter::wait(amount n, const context& ctx) {
  struct turn {
    reservation when;
    duration wait;
  };
  if (ctx.cancelled())
    return tl::unexpected{ctx.why()};
  const auto left = ctx.remaining().value_or(duration::max());
  const auto mine = state_->locked([&](token_bucket& b, time_point now) {
    const auto r = b.reserve(now, n, left);
    return turn{r, r.ok() ? r.delay(now) : b.retry_after(now, n)};
  });
  if (!mine.when.ok())
    return tl::unexpected{refused(state_->name(),
                                  mine.wait == duration::max()
                                      ? "so many are never allowed at once"
                                      : "a wait of " + detail::as_text(mine.wait)
                                            + " would be longer than the context lasts",
                                  mine.wait)};
  if (mine.wait == duration::zero() || state_->wait_until(mine.when.act_at(), ctx))
    return {};
  cancel(mine.when);
  return tl::unexpected{ctx.why()};
}

void limiter::set_rate(rate r) {
  check_limit(named(state_->name()), r);
  state_->locked([&r](token_bucket& b, time_point now) { b.set_rate(now, r); });
}

void limiter::set_burst(amount burst) {
  check_limit(named(state_->name()), burst);
  state_->locked([burst](token_bucket& b, time_point now) { b.set_burst(now, burst); });
}

const std::string& limiter::name() const noexcept { return state_->name(); }

double limiter::tokens() const {
  return state_->locked([](token_bucket& b, time_point now) { return b.tokens(now); });
}

} // namespace troupe
