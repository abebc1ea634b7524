#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <caf/actor.hpp>
#include <caf/error.hpp>

#include <troupe/service/answering_actor.hpp>
#include <troupe/service/pending_call.hpp>

namespace troupe::detail {

/// The untyped half of an actor that asks another.
class forwarding_base : public answering_actor {
public:
  /// `timeout`: for each request; zero: none.
  forwarding_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                  const troupe::context& ctx, caf::actor to, duration timeout);

  const char* name() const override { return "troupe.forwarding_actor"; }
  void on_exit() override;

protected:
  caf::message_handler handlers() override;
  /// What a caf::error means to the caller.
  error meaning(const caf::error& e) const;

  caf::actor to_;
  duration timeout_;
};

/// Asks an actor for the callers of a service_of.
///
/// Bound: as many open calls as the service's door lets in.
template <class Req, class Resp>
class forwarding_actor final : public forwarding_base {
public:
  using call = pending_call<Req, Resp>;

  using forwarding_base::forwarding_base;

private:
  caf::message_handler handlers() override {
    return caf::message_handler{[this](call_msg<Req, Resp>& msg) { ask(std::move(msg.call)); }}
        .or_else(forwarding_base::handlers());
  }

  void ask(std::shared_ptr<call> c) {
    auto& item = c->item;
    if (item.ctx && item.ctx->cancelled())
      item.reply.fail(item.ctx->why());
    if (item.reply.is_void()) {
      c->finish(tl::unexpected<error>{{errc::cancelled, service(), "nobody waits for it"}});
      end_if_empty();
      return;
    }
    const auto id = ++last_;
    try {
      const auto sent = detail::request(
          this, to_, timeout_, [this, id](Resp& answer) { take(id, answer); },
          [this, id](const caf::error& e) { finish(id, tl::unexpected<error>{meaning(e)}); },
          std::move(item.request.get()));
      open_.emplace(id, forwarded{std::move(c), sent});
    } catch (...) {
      c->finish(tl::unexpected<error>{not_handed_on("request").with_stage(service())});
      end_if_empty();
    }
  }

  void take(std::uint64_t id, Resp& answer) {
    std::optional<result<Resp>> taken;
    try {
      taken.emplace(std::move(answer));
    } catch (...) {
      taken.emplace(tl::unexpect, not_handed_on("answer").with_stage(service()));
    }
    finish(id, std::move(*taken));
  }

  void finish(std::uint64_t id, result<Resp>&& answer) {
    if (auto found = open_.extract(id)) {
      if (timeout_ > duration::zero())
        forget_timeout(this, found.mapped().request);
      found.mapped().by->finish(std::move(answer));
    }
    end_if_empty();
  }

  void give_up(const error& why) override {
    for (auto& [id, c] : std::exchange(open_, {}))
      c.by->finish(tl::unexpected<error>{why});
  }

  struct forwarded {
    std::shared_ptr<call> by;
    std::uint64_t request = 0;
  };
  std::map<std::uint64_t, forwarded> open_;
  std::uint64_t last_ = 0;
};

} // namespace troupe::detail
