#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <caf/actor.hpp>

#include <troupe/detail/call/worker_function.hpp>
#include <troupe/detail/compat.hpp>
#include <troupe/detail/service_thread.hpp>
#include <troupe/detail/ticket.hpp>

namespace troupe::detail {

/// From a served call's actor to one of its workers.
template <class Req>
struct attempt_msg {
  using internal_message = void;
  std::uint64_t id = 0;
  std::size_t worker = 0;
  std::shared_ptr<Req> request;
  context ctx;
  caf::actor answer_to;
};

/// And back.
template <class Resp>
struct attempted_msg {
  using internal_message = void;
  std::uint64_t id = 0;
  std::size_t worker = 0;
  bool crashed = false;
  std::shared_ptr<result<Resp>> answer;
};

/// Makes the attempts of served calls, one at a time.
template <class Req, class Resp, class F>
class call_worker final : public actor_base {
public:
  call_worker(caf::actor_config& cfg, worker_function<Req, Resp, F> function, bool keeps)
      : actor_base(cfg), function_(std::move(function)), keeps_(keeps) {}

  const char* name() const override { return "troupe.call_worker"; }

protected:
  caf::message_handler handlers() override {
    return {[this](attempt_msg<Req>& msg) {
      const service_thread at_work;
      auto answer = function_(*msg.request, keeps_, msg.ctx);
      detail::send(this, msg.answer_to,
                   attempted_msg<Resp>{msg.id, msg.worker, function_.crashed(), boxed(answer)});
    }};
  }

private:
  worker_function<Req, Resp, F> function_;
  bool keeps_;
};

} // namespace troupe::detail
