#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/dispatch.hpp>
#include <troupe/gather/balanced.hpp>
#include <troupe/policy/balance.hpp>
#include <troupe/service.hpp>
#include <troupe/service/request_account.hpp>

namespace troupe {

namespace detail {

/// The service in front of others.
template <class Req, class Resp>
class balancing final : public service_core<Req, Resp> {
public:
  using item = call_item<Req, Resp>;

  balancing(std::shared_ptr<request_account> account, std::vector<service<Req, Resp>> all,
            balancer_options options, std::function<std::uint64_t(const Req&)> key)
      : service_core<Req, Resp>(account->system()), account_(std::move(account)),
        ask_(account_->name(), asking_all(std::move(all)), std::move(options), std::move(key),
             [a = account_.get()] { return a->now(); }),
        facade_(account_->system()) {}

  /// Waits for room where the chosen instance does.
  void submit(item call) override {
    request_account::visit visit;
    if (auto refusal = account_->enter(visit))
      call.reply.fail(std::move(*refusal));
    else
      forward(call, visit, false);
  }

  bool try_submit(item& call) override {
    request_account::visit visit;
    if (auto refusal = account_->enter(visit)) {
      call.reply.fail(std::move(*refusal));
      return true;
    }
    const service_thread never_waits;
    // An instance that is full says so before `forward` returns.
    const auto open = forward(call, visit, true);
    if (!open->full)
      return true;
    call.reply = std::move(open->reply);
    return false;
  }

  void end(duration) override { account_->shut(); }
  report drain(duration limit) override {
    this->refuse_wait("drain", "have a thread of your own drain it");
    account_->shut();
    account_->wait_empty(limit);
    facade_.let_go();
    return account_->finish();
  }
  bool is_over() const override { return account_->ended(); }
  /// What is inside is in the hands of the instances, which answer it.
  duration drain_limit() const override { return duration::zero(); }
  stage_metrics metrics() const override { return account_->metrics(); }
  caf::actor_system& system() const override { return account_->system(); }
  caf::actor as_actor(const std::function<caf::actor(caf::actor_system&)>& make) override {
    return facade_.get(make);
  }

private:
  static typename balanced<Req, Resp>::instances asking_all(std::vector<service<Req, Resp>> all) {
    typename balanced<Req, Resp>::instances asks;
    for (auto& s : all)
      asks.push_back([s = std::move(s)](const Req& r, const context& ctx,
                                        std::function<void(result<Resp> &&)> done) {
        detail::ask_at_once(s, r, ctx, std::move(done));
      });
    return asks;
  }

  struct open_call {
    response_promise<Resp> reply;
    std::shared_ptr<request_account> account;
    request_account::visit visit;
    bool says_full; ///< instead of answering that
    bool full = false;

    void finish(result<Resp>&& r) {
      account->leave(r ? errc::none : r.error().code(), visit);
      if (says_full && !r && r.error().code() == errc::pool_full)
        full = true;
      else
        reply.answer(std::move(r));
    }
  };

  std::shared_ptr<open_call> forward(item& call, request_account::visit visit,
                                     bool says_full) const {
    auto open
        = std::make_shared<open_call>(open_call{std::move(call.reply), account_, visit, says_full});
    try {
      ask_(call.request.get(), call.ctx ? *call.ctx : context{},
           [open](result<Resp>&& r) { open->finish(std::move(r)); });
    } catch (...) { // the key function, or a copy of the request
      open->finish(tl::unexpected<error>{not_handed_on("request").with_stage(account_->name())});
    }
    return open;
  }

  std::shared_ptr<request_account> account_;
  balanced<Req, Resp> ask_;
  actor_facade facade_;
};

} // namespace detail

/// Spreads requests over services that are alike, and skips those that fail.
///
///     auto api = troupe::balance_over(sys, "api", std::vector{svc_a, svc_b},
///                                     {.how = troupe::balance::power_of_two, .rest = 5s});
///     api.ask(request);
///
/// Shape:  a running service; no actor, one pass over the instances for each request.
///         `balancer_machine` tells how it chooses and when an instance rests. Under `sticky` the
///         key is what the last argument makes of a request, by default its std::hash.
/// Bound:  that of its instances: where one lets `ask` wait, so does this.
/// Errors: an instance's error is the answer, without a second try. What its caller did (cancelled,
///         deadline_exceeded) is not held against an instance, anything else is, refusals too.
///         A key function or a copy of the request that throws is answered with errc::stage_failed.
///         std::invalid_argument for no instances, an empty handle, an option out of range, or
///         `sticky` without a key where requests have no std::hash.
/// Ends:   drain waits for what is inside; the instances go on, they belong to whoever has them.
template <class Req, class Resp>
[[nodiscard]] service<Req, Resp>
balance_over(caf::actor_system& sys, std::string name, std::vector<service<Req, Resp>> services,
             balancer_options options, std::function<std::uint64_t(const Req&)> key = {}) {
  static_assert(std::copy_constructible<Req>,
                "troupe: a balancer gives the instance a copy of the request; this request cannot "
                "be copied");
  if (options.how == balance::sticky && !key) {
    if constexpr (detail::hashable<Req>)
      key = [](const Req& r) { return static_cast<std::uint64_t>(std::hash<Req>{}(r)); };
    else
      detail::refuse("balancer \"" + name + "\"", "key", "none",
                     "a function: this request has no std::hash");
  }
  const auto n = services.size();
  for (std::size_t i = 0; i < n; ++i)
    detail::refuse_empty("balancer", name, i, detail::is_empty(services[i]));
  auto account = std::make_shared<detail::request_account>(
      sys, std::move(name), pattern_kind::worker_pool, std::numeric_limits<std::size_t>::max(), n);
  return service<Req, Resp>{std::make_shared<detail::balancing<Req, Resp>>(
      std::move(account), std::move(services), std::move(options), std::move(key))};
}

template <class Req, class Resp>
[[nodiscard]] service<Req, Resp> balance_over(caf::actor_system& sys, std::string name,
                                              std::vector<service<Req, Resp>> services,
                                              balance how = balance::least_loaded) {
  return troupe::balance_over(sys, std::move(name), std::move(services),
                              balancer_options{.how = how});
}

} // namespace troupe
