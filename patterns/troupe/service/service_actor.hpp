#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>

#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <caf/typed_response_promise.hpp>
#include <caf/unit.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/service/service_core.hpp>

namespace troupe::detail {

/// Lets CAF actors ask a service by request and response. Never waits: when the service is full,
/// or has ended, the answer says so.
///
/// Bound: one promise for each call that is inside of the service.
template <class Req, class Resp>
class service_actor final : public actor_base {
  struct answer_msg {
    using internal_message = void;
    std::uint64_t call = 0;
    std::shared_ptr<result<Resp>> answer;
  };

  using given = std::conditional_t<std::is_void_v<Resp>, caf::unit_t, Resp>;
  using promise_type = caf::typed_response_promise<given>;

public:
  service_actor(caf::actor_config& cfg, std::weak_ptr<service_core<Req, Resp>> core)
      : actor_base(cfg), core_(std::move(core)) {}

  const char* name() const override { return "troupe.service_actor"; }

  void on_exit() override {
    for (auto& [call, promise] : open_)
      promise.deliver(caf_error({errc::closed, {}, "the service has ended"}));
    open_.clear();
  }

  // One that has retired may be known for longer than the actor system lives: there is nothing left
  // to clean up.
  void on_destroy() override {
    if (!retired_)
      actor_base::on_destroy();
  }

private:
  caf::message_handler handlers() override {
    return {
        [this](retire_msg& msg) {
          retired_ = true;
          this->unregister_from_system();
          msg.done->set_value();
        },
        [this](Req& request) { return ask(request); },
        [this](answer_msg& msg) { deliver(msg.call, *msg.answer); },
    };
  }

  promise_type ask(Req& request) {
    // This thread may come to hold the last handle.
    const service_thread at_work;
    auto promise = this->template make_response_promise<given>();
    const auto core = core_.lock();
    if (core == nullptr) {
      promise.deliver(caf_error({errc::closed, {}, "the service has ended"}));
      return promise;
    }
    const auto call = ++last_;
    open_.emplace(call, promise);
    response_promise<Resp> reply{[self = caf::actor{this}, call](result<Resp>&& r) {
      detail::anon_send(self, answer_msg{call, boxed(r)});
    }};
    try {
      call_item<Req, Resp> item{std::move(request), {}, std::move(reply)};
      if (!core->try_submit(item))
        item.reply.fail({errc::pool_full, {}, "the service is full"});
    } catch (...) {
      reply.fail(not_handed_on("request"));
    }
    return promise;
  }

  void deliver(std::uint64_t call, result<Resp>& answer) {
    const auto at = open_.find(call);
    if (at == open_.end())
      return;
    auto promise = std::move(at->second);
    open_.erase(at);
    if (!answer) {
      promise.deliver(caf_error(answer.error()));
      return;
    }
    try {
      if constexpr (std::is_void_v<Resp>)
        promise.deliver(caf::unit);
      else
        promise.deliver(std::move(*answer));
    } catch (...) {
      promise.deliver(caf_error(not_handed_on("answer")));
    }
  }

  static caf::error caf_error(const error& e) {
    return make_error(caf::sec::runtime_error, to_string(e));
  }

  std::weak_ptr<service_core<Req, Resp>> core_;
  std::map<std::uint64_t, promise_type> open_;
  std::uint64_t last_ = 0;
  bool retired_ = false;
};

} // namespace troupe::detail
