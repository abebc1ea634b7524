#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <caf/fwd.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/call/layer.hpp>
#include <troupe/pool/worker_function.hpp>

namespace troupe::detail {

/// One attempt as the layers see it when they run in the worker of a stage.
template <class Req>
class inline_attempt {
public:
  inline_attempt(Req& request, context& ctx) : request_(std::addressof(request)), ctx_(&ctx) {}

  const Req& request() const noexcept { return *request_; }
  Req& own_request() const noexcept { return *request_; }
  context& ctx() const noexcept { return *ctx_; }
  std::optional<error> over() const {
    return ctx_->cancelled() ? std::optional{ctx_->why()} : std::nullopt;
  }
  std::optional<duration> remaining() const { return ctx_->remaining(); }

private:
  Req* request_;
  context* ctx_;
};

/// Runs layers in the thread of a stage's worker: what waits, waits here. Neither timers nor
/// attempts beside each other: calls that need these are asked of an actor.
class inline_host {
public:
  static constexpr bool has_timers = false;

  inline_host(caf::actor_system& sys, std::string name);

  time_point now() const noexcept { return clock_.now(); }
  std::minstd_rand& rng() noexcept { return rng_; }
  /// Like `now`, but where the call before was answered in the same batch, the end of that: reading
  /// the clock is the larger part of what a breaker costs.
  time_point begin_call() noexcept {
    const auto last = std::exchange(answered_, std::nullopt);
    return last ? *last : now();
  }
  void answered(time_point at) noexcept { answered_ = at; }
  /// Time may have passed since the last call.
  void begin_batch() noexcept { answered_.reset(); }
  const std::string& service_name() const noexcept { return name_; }

  template <class Attempt>
  void sleep(const Attempt& a, duration d, std::function<void()> k) {
    sleeping_ = {d, &a.ctx(), std::move(k)};
  }

  void count_crash() noexcept { ++crashes_; }
  /// As many attempts as have begun; a call is one chain of steps, so the difference is its own.
  std::size_t begun(const auto& /*attempt*/) const noexcept { return begun_; }
  void begin_attempt() noexcept { ++begun_; }
  /// Since the last time.
  std::uint64_t take_crashes() noexcept { return std::exchange(crashes_, 0); }

  /// Lets the time pass that the call now waits for, and goes on with it; false: nothing waits.
  bool go_on();

private:
  // A call is one chain of steps, so that at most one of them waits.
  struct sleeper {
    duration for_how_long{};
    const context* ctx = nullptr;
    std::function<void()> then;
  };

  caf::actor_system* system_;
  clock_reader clock_;
  std::minstd_rand rng_;
  std::string name_;
  sleeper sleeping_;
  std::optional<time_point> answered_;
  std::uint64_t crashes_ = 0;
  std::size_t begun_ = 0;
};

/// The innermost layer then: calls the function.
template <class Req, class Resp, class F>
struct inline_leaf {
  worker_function<Req, Resp, F> function;
  bool keeps;

  template <class Host, class Done>
  void run(Host& host, const inline_attempt<Req>& a, Done done) {
    host.begin_attempt();
    auto r = function(a.own_request(), keeps, a.ctx());
    if (function.crashed())
      host.count_crash();
    done(std::move(r));
  }
};

} // namespace troupe::detail
