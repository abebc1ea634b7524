#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <caf/actor.hpp>
#include <caf/error.hpp>

#include <troupe/detail/compat.hpp>
#include <troupe/detail/deadlines.hpp>
#include <troupe/detail/request_account.hpp>
#include <troupe/detail/service_core.hpp>

namespace troupe::detail {

struct asked_setup {
  std::string name;
  std::size_t most = 1;
  duration timeout{}; ///< zero: none
  bool waits = true;  ///< for room
  context ctx = {};
  duration drain_limit{};
};

/// A call that is inside of a service_of. However it ends, it is counted and answered.
template <class Req, class Resp>
struct asked_call {
  asked_call(call_item<Req, Resp> c, std::shared_ptr<request_account> a)
      : item(std::move(c)), account(std::move(a)), since(account->now()) {}
  asked_call(const asked_call&) = delete;
  asked_call& operator=(const asked_call&) = delete;
  ~asked_call() {
    if (account != nullptr)
      finish(tl::unexpected<error>{
          {errc::closed, account->name(), "the service ended before it got to this call"}});
  }

  void finish(result<Resp> answer) {
    // Who gets the answer may ask again at once, and is to find room.
    std::exchange(account, nullptr)->leave(answer ? errc::none : answer.error().code(), since);
    item.place.leave(true);
    item.reply.answer(std::move(answer));
  }

  call_item<Req, Resp> item;
  std::shared_ptr<request_account> account;
  time_point since;
};

/// The untyped half of an actor that asks another: when it ends, and why.
///
/// End: told to, it goes on until what is inside has been answered, or the limit is over, or the
///      context that the service was started with ends.
class asker_base : public deadline_actor {
public:
  struct end_msg {
    using internal_message = void;
    duration limit{};
  };

  asker_base(caf::actor_config& cfg, std::shared_ptr<request_account> account, caf::actor asked,
             const asked_setup& setup);

  const char* name() const override { return "troupe.asker"; }
  void on_exit() override;

protected:
  caf::message_handler handlers() override;
  /// What is open is answered with an error.
  virtual void give_up(const error& why) = 0;
  void end_if_empty();
  /// What a caf::error means to the caller.
  error meaning(const caf::error& e) const;

  std::shared_ptr<request_account> account_;
  caf::actor asked_;
  std::string name_;
  duration timeout_;

private:
  struct limit_msg {
    using internal_message = void;
    error reason;
  };

  void begin();
  void end(duration limit);
  void stop(error reason);

  troupe::context ctx_;
  std::size_t callback_ = 0;
  std::optional<error> reason_; ///< why it ended early
  bool ending_ = false;
};

/// Asks an actor for the callers of a service_of.
///
/// Bound: as many open calls as the service's door lets in.
template <class Req, class Resp>
class asker_actor final : public asker_base {
public:
  using call = asked_call<Req, Resp>;

  struct ask_msg {
    using internal_message = void;
    std::shared_ptr<call> asked;
  };

  using asker_base::asker_base;

private:
  caf::message_handler handlers() override {
    return caf::message_handler{[this](ask_msg& msg) { ask(std::move(msg.asked)); }}.or_else(
        asker_base::handlers());
  }

  void ask(std::shared_ptr<call> c) {
    auto& item = c->item;
    if (item.ctx && item.ctx->cancelled())
      item.reply.fail(item.ctx->why());
    if (item.reply.is_void()) {
      c->finish(tl::unexpected<error>{{errc::cancelled, name_, "nobody waits for it"}});
      end_if_empty();
      return;
    }
    const auto id = ++last_;
    auto request = std::move(item.request);
    open_.emplace(id, std::move(c));
    detail::request(
        this, asked_, timeout_, [this, id](Resp& answer) { finish(id, std::move(answer)); },
        [this, id](const caf::error& e) { finish(id, tl::unexpected<error>{meaning(e)}); },
        std::move(request));
  }

  void finish(std::uint64_t id, result<Resp> answer) {
    if (auto found = open_.extract(id))
      found.mapped()->finish(std::move(answer));
    end_if_empty();
  }

  void give_up(const error& why) override {
    for (auto& [id, c] : std::exchange(open_, {}))
      c->finish(tl::unexpected<error>{why});
  }

  std::map<std::uint64_t, std::shared_ptr<call>> open_;
  std::uint64_t last_ = 0;
};

} // namespace troupe::detail
