#pragma once

#include <memory>
#include <utility>

#include <troupe/service/request_account.hpp>
#include <troupe/service/service_core.hpp>

namespace troupe::detail {

/// A call that is inside of a service that one actor answers. However it ends, it is
/// counted and answered.
template <class Req, class Resp>
struct pending_call {
  pending_call(call_item<Req, Resp> c, std::shared_ptr<request_account> a, request_account::visit v)
      : item(std::move(c)), account(std::move(a)), visit(v) {}
  pending_call(const pending_call&) = delete;
  pending_call& operator=(const pending_call&) = delete;
  ~pending_call() {
    if (account != nullptr)
      finish(tl::unexpected<error>{
          {errc::closed, account->name(), "the service ended before it got to this call"}});
  }

  void finish(result<Resp>&& answer) {
    // Who gets the answer may ask again at once, and is to find room.
    std::exchange(account, nullptr)->leave(answer ? errc::none : answer.error().code(), visit);
    item.place.leave(true);
    item.reply.answer(std::move(answer));
  }

  call_item<Req, Resp> item;
  std::shared_ptr<request_account> account;
  request_account::visit visit;
};

/// To the actor that answers.
template <class Req, class Resp>
struct call_msg {
  using internal_message = void;
  std::shared_ptr<pending_call<Req, Resp>> call;
};

} // namespace troupe::detail
