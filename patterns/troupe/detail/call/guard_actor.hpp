#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <troupe/detail/asked_call.hpp>
#include <troupe/detail/call/call_worker.hpp>
#include <troupe/detail/call/chain.hpp>
#include <troupe/detail/call/guard_base.hpp>
#include <troupe/detail/call/scope.hpp>

namespace troupe::detail {

/// What a served call's actor needs to begin.
template <class Req, class Resp, class F, class Chain>
struct guard_setup {
  Chain chain;                       ///< around an `attempt_leaf`
  std::shared_ptr<const F> function; ///< each worker has a copy
  bool keeps = true;                 ///< the request is needed after an attempt
  std::size_t workers = 1;
  backoff restarts;
  std::shared_ptr<call_controls> controls;
};

/// The innermost layer of a served call: has a worker call the function.
template <class Resp>
struct attempt_leaf {
  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    host.begin_attempt(std::move(attempt), std::move(done));
  }
};

/// Answers calls: runs their layers, and has workers with threads of their own make the attempts.
template <class Req, class Resp, class F, class Chain>
class guard_actor final : public guard_base {
public:
  using setup = guard_setup<Req, Resp, F, Chain>;
  using attempt = scoped_attempt<Req>;

  guard_actor(caf::actor_config& cfg, std::shared_ptr<request_account> account,
              const troupe::context& ctx, setup s)
      : guard_base(cfg, std::move(account), ctx, s.workers, s.restarts), setup_(std::move(s)) {}

  void on_exit() override {
    const service_thread at_work; // may let go of the last handle of a service
    guard_base::on_exit();
    std::exchange(attempts_, {}); // one that lets go of its place may look for others
  }

  // -- what the layers see of it ------------------------------------------------------------------

  static constexpr bool has_timers = true;
  using guard_base::drop_timer;
  using guard_base::now;
  using guard_base::rng;
  using guard_base::set_timer;
  time_point begin_call() { return now(); }
  void answered(time_point /*at*/) const noexcept {}
  const std::string& service_name() const noexcept { return service(); }
  /// How many attempts of this call have reached a worker.
  static std::size_t begun(const attempt& a) noexcept { return a.scope().begun(); }

  /// Calls `k` after `d`, or as soon as the attempt is given up.
  void sleep(const attempt& a, duration d, std::function<void()> k) {
    const auto timer = set_timer(d, [this, a, k] {
      a.scope().clear_wait();
      bear(a, k);
    });
    a.scope().wait_with([this, timer, a = std::weak_ptr{a.shared_request()}, k = std::move(k)] {
      drop_timer(timer);
      bear(a, k);
    });
  }

  template <std::invocable<result<Resp>> Done>
  void begin_attempt(attempt a, Done then) {
    if (auto why = a.over()) {
      then(result<Resp>{tl::unexpected<error>{std::move(*why)}});
      return;
    }
    const auto id = ++last_attempt_;
    a.scope().wait_with([this, id] { abandon(id); });
    // Shared, because what a layer does at the end cannot be copied.
    attempts_.emplace(id,
                      open_attempt{std::move(a), [d = std::make_shared<Done>(std::move(then))](
                                                     result<Resp>&& r) { (*d)(std::move(r)); }});
    line_up(id);
  }

protected:
  caf::message_handler handlers() override {
    return caf::message_handler{
        [this](asked_msg<Req, Resp>& msg) { begin(std::move(msg.asked)); },
        [this](attempted_msg<Resp>& msg) {
          finish_attempt(msg.id, std::move(*msg.answer));
          worker_is_free(msg.worker, msg.id, msg.crashed);
        },
        [this](cancelled_msg msg) { give_up_call(msg.call); },
    }
        .or_else(guard_base::handlers());
  }

  void give_up(const error& why) override {
    const auto open = std::exchange(calls_, {});
    // All of them first: a place that one gives back is not to let another in.
    for (const auto& [id, c] : open)
      c.scope->ctx().cancel();
    for (const auto& [id, c] : open) {
      c.leave();
      c.scope->drop();
      c.asked->finish(tl::unexpected<error>{why});
    }
  }

  caf::actor spawn_worker() override {
    using made = call_worker<Req, Resp, F>;
    worker_function<Req, Resp, F> function{setup_.function, service()};
    // Virtual time has one thread only.
    if (is_testing(system()))
      return detail::spawn<made>(system(), std::move(function), setup_.keeps);
    return detail::spawn<made, caf::detached>(system(), std::move(function), setup_.keeps);
  }

  void show_worker(std::size_t i, const caf::actor& actor) override {
    setup_.controls->show_worker(i, actor);
  }

  void hand_over(attempt_id id, std::size_t by, const caf::actor& to) override {
    auto& a = attempts_.at(id).attempt;
    a.scope().begin_attempt();
    detail::send(this, to,
                 attempt_msg<Req>{id, by, a.shared_request(), a.scope().ctx(), caf::actor{this}});
  }

  void lose(attempt_id id) override {
    finish_attempt(id, tl::unexpected<error>{
                           {errc::worker_died, service(), "the worker was ended from outside"}});
  }

private:
  using call_id = std::uint64_t;
  struct cancelled_msg {
    using internal_message = void;
    call_id call = 0;
  };
  struct open_call {
    std::shared_ptr<asked_call<Req, Resp>> asked;
    std::shared_ptr<call_scope> scope;
    std::size_t on_cancel = 0;
    std::uint64_t deadline = 0; ///< its timer

    void leave() const {
      if (asked->item.ctx)
        asked->item.ctx->forget(on_cancel);
    }
  };
  struct open_attempt {
    detail::scoped_attempt<Req> attempt;
    std::function<void(result<Resp>&&)> done;
  };

  void begin(std::shared_ptr<asked_call<Req, Resp>> asked) {
    auto& item = asked->item;
    const auto id = ++last_call_;
    auto scope = std::make_shared<call_scope>(item.ctx ? item.ctx->child() : troupe::context{});
    attempt first{{asked, std::addressof(item.request.get())}, scope};
    auto& c = calls_.emplace(id, open_call{std::move(asked), scope}).first->second;
    if (item.ctx) {
      if (const auto left = item.ctx->remaining())
        c.deadline = set_timer(*left, [this, id] { give_up_call(id); });
      c.on_cancel = item.ctx->on_cancel(
          [me = caf::actor{this}, id] { anon_send_urgent(me, cancelled_msg{id}); });
    }
    bear(first, [&] {
      setup_.chain.run(*this, first,
                       [this, id](result<Resp>&& r) { finish_call(id, std::move(r)); });
    });
  }

  // An answer that throws on its way through the layers costs its own call.
  template <class Body>
  void bear(const attempt& a, const Body& body) {
    bear(std::weak_ptr{a.shared_request()}, body);
  }
  template <class Body>
  void bear(const std::weak_ptr<Req>& request, const Body& body) {
    try {
      body();
    } catch (...) {
      fail_call(request, not_handed_on("answer").with_stage(service()));
    }
  }

  void fail_call(const std::weak_ptr<Req>& request, const error& why) {
    const auto same = [&](const auto& entry) {
      const auto& asked = entry.second.asked;
      return !asked.owner_before(request) && !request.owner_before(asked);
    };
    const auto found = std::find_if(calls_.begin(), calls_.end(), same);
    if (found == calls_.end()) // it had its answer
      return;
    const auto scope = found->second.scope;
    finish_call(found->first, tl::unexpected<error>{why});
    scope->give_up(why);
  }

  void finish_call(call_id id, result<Resp>&& r) {
    auto found = calls_.extract(id);
    if (!found)
      return;
    auto& c = found.mapped();
    drop_timer(c.deadline);
    c.leave();
    c.asked->finish(std::move(r));
    end_if_empty();
  }

  // The caller no longer waits: whatever the layers wait for ends now.
  void give_up_call(call_id id) {
    const auto found = calls_.find(id);
    if (found == calls_.end())
      return;
    const auto scope = found->second.scope; // the call is gone before this is over
    scope->give_up(found->second.asked->item.ctx->why());
  }

  void finish_attempt(attempt_id id, result<Resp>&& r) {
    auto found = attempts_.extract(id);
    if (!found) // given up before: a late answer
      return;
    auto& open = found.mapped();
    open.attempt.scope().clear_wait();
    bear(open.attempt, [&] { open.done(std::move(r)); });
  }

  void abandon(attempt_id id) {
    forget(id);
    auto found = attempts_.extract(id);
    auto why = found.mapped().attempt.over();
    found.mapped().done(tl::unexpected<error>{std::move(*why)});
  }

  setup setup_;
  std::map<call_id, open_call> calls_;
  std::map<attempt_id, open_attempt> attempts_;
  call_id last_call_ = 0;
  attempt_id last_attempt_ = 0;
};

} // namespace troupe::detail
