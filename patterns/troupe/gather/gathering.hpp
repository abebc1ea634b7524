#pragma once

#include <memory>
#include <utility>

#include <troupe/gather/gather_request.hpp>
#include <troupe/service/pending_call.hpp>

namespace troupe::detail {

/// One of the services of a scatter-gather, at work.
template <class Req, class Resp>
struct gathered_service {
  ask_function<Req, Resp> ask;
  std::shared_ptr<ending_service> own; ///< null: it goes on, it belongs to whoever has it
};

/// Gathers for the callers of a scatter_gather.
template <class Req, class Resp>
class gather_actor final : public gather_base {
public:
  using request = gather_request<Req, Resp>;
  using services = typename request::services;
  using answers = typename request::answers;

  gather_actor(caf::actor_config& cfg, std::shared_ptr<request_account> account,
               const troupe::context& ctx, const gather_setup& setup, services all)
      : gather_base(cfg, std::move(account), ctx, setup),
        services_(std::make_shared<const services>(std::move(all))) {}

  void on_exit() override {
    gather_base::on_exit();
    services_ = nullptr;
  }

private:
  caf::message_handler handlers() override {
    return caf::message_handler{[this](call_msg<Req, answers>& msg) { ask(std::move(msg.call)); }}
        .or_else(gather_base::handlers());
  }

  void ask(std::shared_ptr<pending_call<Req, answers>> call) {
    auto what = std::move(call->item.request);
    const auto ctx = call->item.ctx.value_or(troupe::context{});
    begin(std::make_shared<request>(
        services_, std::move(what), ctx,
        [call = std::move(call)](result<answers>&& a) { call->finish(std::move(a)); }));
  }

  std::shared_ptr<const services> services_;
};

} // namespace troupe::detail
