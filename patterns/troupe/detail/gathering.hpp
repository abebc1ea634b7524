#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/detail/gather_request.hpp>
#include <troupe/detail/pool_core.hpp>
#include <troupe/detail/request_account.hpp>
#include <troupe/gather_options.hpp>

namespace troupe::detail {

/// The actors of a running scatter-gather but for its services.
class gather_crew {
public:
  gather_crew(std::shared_ptr<request_account> account, const gather_options& o,
              std::size_t services);
  gather_crew(const gather_crew&) = delete;
  gather_crew& operator=(const gather_crew&) = delete;
  ~gather_crew() { end(); }

  void submit(std::shared_ptr<gather_job> job) const;
  /// Gives up the call when `left` is over.
  void watch(std::weak_ptr<open_call> call, duration left) const;
  caf::actor gate(const std::function<caf::actor(caf::actor_system&)>& make);
  /// Answers what is open, `closed`, and cancels its services. May be repeated.
  void end();

private:
  std::shared_ptr<request_account> account_;
  caf::actor gatherer_;
  caf::actor deadlines_;
  std::mutex mutex_;
  caf::actor gate_;
};

/// A running scatter-gather: asks all services, and answers as the options have it.
template <class Req, class Resp>
class gathering final : public service_core<Req, std::vector<result<Resp>>> {
public:
  using request = gather_request<Req, Resp>;
  using services = typename request::services;
  using answers = std::vector<result<Resp>>;
  using item = call_item<Req, answers>;

  gathering(std::shared_ptr<request_account> account, const gather_options& o, services all,
            duration drain_limit)
      : service_core<Req, answers>(account->system()), account_(std::move(account)),
        crew_(account_, o, all.size()), services_(std::make_shared<const services>(std::move(all))),
        drain_limit_(drain_limit) {}

  ~gathering() override {
    // On a worker's thread it cannot wait for what may wait for that worker.
    drain(service_thread::inside() ? duration::zero() : drain_limit_);
  }

  /// Never waits.
  void submit(item call) override {
    if (call.ended_early())
      return;
    request_account::visit visit;
    if (auto refusal = account_->enter(visit))
      call.reply.fail(std::move(*refusal));
    else
      admit(std::move(call), visit);
  }

  bool try_submit(item& call) override {
    if (call.ended_early())
      return true;
    request_account::visit visit;
    if (auto refusal = account_->enter(visit)) {
      if (refusal->code() == errc::pool_full)
        return false;
      call.reply.fail(std::move(*refusal));
      return true;
    }
    admit(std::move(call), visit);
    return true;
  }

  report drain(duration limit) override {
    account_->shut();
    if (!service_thread::inside())
      account_->wait_empty(limit);
    auto end = account_->finish();
    crew_.end();
    return end;
  }
  stage_metrics metrics() const override { return account_->metrics(); }
  caf::actor_system& system() const override { return account_->system(); }
  caf::actor gate(const std::function<caf::actor(caf::actor_system&)>& make) override {
    return crew_.gate(make);
  }

private:
  void admit(item call, request_account::visit visit) {
    if (const auto left = call.ctx ? call.ctx->remaining() : std::nullopt)
      crew_.watch(call.reply.open(), *left);
    const auto ctx = call.ctx ? *call.ctx : context{};
    auto reply = std::make_shared<ticket<answers>>(std::move(call.reply));
    auto done = [reply, account = account_, visit](result<answers> a) {
      const service_thread at_work;
      account->leave(a ? errc::none : a.error().code(), visit);
      reply->answer(std::move(a));
    };
    crew_.submit(
        std::make_shared<request>(services_, std::move(call.request), ctx, std::move(done)));
  }

  std::shared_ptr<request_account> account_;
  gather_crew crew_;
  std::shared_ptr<const services> services_;
  duration drain_limit_;
};

} // namespace troupe::detail
