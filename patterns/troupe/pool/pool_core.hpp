#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <troupe/inbox/inbox_source.hpp>
#include <troupe/kernel/item_kernel.hpp>
#include <troupe/pool/worker_function.hpp>
#include <troupe/run/run_state.hpp>
#include <troupe/service.hpp>
#include <troupe/service/deadlines.hpp>

namespace troupe::detail {

/// A function served to callers: what it throws costs one call and makes it anew.
template <class Req, class Resp, class F>
struct serve_op : faulty {
  using input = call_item<Req, Resp>;
  using output = no_output;

  worker_function<Req, Resp, F> function;
  bool retries;

  serve_op(F f, std::string name, bool r)
      : function(std::make_shared<const F>(std::move(f)), std::move(name)), retries(r) {}

  bool keeps() const noexcept { return retries && can_keep<F, Req>; }
  static item_view view(input& call, bool kept) { return view_of(call.request.get(), kept); }

  disposition operator()(input& call, emitter<no_output>&, kernel_host& host) {
    try {
      return answer(call, host);
    } catch (...) { // an answer that throws when it is moved: its caller is told so
      call.reply.lose_as(not_handed_on("answer"));
      throw;
    }
  }

private:
  disposition answer(input& call, kernel_host& host) {
    if (call.reply.is_void() || call.ended_early()) {
      leave(call, false);
      return give_up(host, loss::dropped, call.request.get(), [&] {
        return call.ctx && call.ctx->cancelled()
                   ? call.ctx->why()
                   : error{errc::cancelled, {}, "nobody waits for the answer any more"};
      });
    }
    const service_thread at_work;
    auto answer = attempt(call, host);
    if (!answer && retries) {
      // What the caller is told if this was the last attempt.
      auto why = std::move(answer).error();
      call.reply.lose_as(error{why}.with_attempts(static_cast<int>(++call.attempts)));
      fault.emplace(item_fault{std::move(why)});
      return disposition::failed;
    }
    // Who gets the answer may ask again at once, and is to find room.
    leave(call, true);
    const bool good = answer.has_value();
    if (!good)
      host.counts().fail(1);
    call.reply.answer(std::move(answer));
    return good ? disposition::delivered : disposition::held;
  }

  // Also one whose function ended early, for it saw that, would tell of times that are none.
  static void leave(input& call, bool answered) {
    if (call.ctx && call.ctx->cancelled() && call.ctx->why().code() == errc::cancelled)
      call.place.leave_unwanted();
    else
      call.place.leave(answered);
  }

  result<Resp> attempt(input& call, kernel_host& host) {
    struct counting {
      const worker_function<Req, Resp, F>& function;
      kernel_host& host;
      ~counting() {
        if (function.crashed())
          host.counts().restart();
      }
    } const at_the_end{function, host};
    if constexpr (takes_context<F, handover_t<F, Req>>)
      return with_context(call, host);
    else
      return function(call.request.get(), retries, host.ctx());
  }

  // Ends with the caller's context, and with the service.
  result<Resp> with_context(input& call, kernel_host& host) {
    if (!call.ctx)
      return function(call.request.get(), retries, host.ctx());
    auto ctx = call.ctx->child();
    const auto id = host.ctx().on_cancel([ctx]() mutable { ctx.cancel(); });
    struct forgetting {
      context& from;
      std::size_t id;
      ~forgetting() { from.forget(id); }
    } const at_the_end{host.ctx(), id};
    return function(call.request.get(), retries, ctx);
  }
};

/// The untyped half of a served pool: its run. The destructor does not wait for that.
class pool_run {
public:
  pool_run(caf::actor_system& sys, std::string name, run r, duration drain_limit);
  pool_run(const pool_run&) = delete;
  pool_run& operator=(const pool_run&) = delete;
  ~pool_run();

  void end(duration limit) const { begin_drain(run_, limit); }
  report drain(duration limit);
  bool is_over() const { return run_.done(); }
  duration drain_limit() const noexcept { return drain_limit_; }
  stage_metrics metrics() const;
  void configure(const settings& s) { run_.configure(name_, s); }
  caf::actor_system& system() const noexcept { return *system_; }
  const std::string& name() const noexcept { return name_; }
  std::vector<caf::actor> actors() const { return actors_of(run_, name_); }

private:
  caf::actor_system* system_;
  std::string name_;
  run run_;
  duration drain_limit_;
};

/// The name of the queue before a pool's workers.
std::string queue_name(const std::string& pool);

/// A served pool is a run of `inbox | sink`: calls go in at the queue, workers answer them.
template <class Req, class Resp>
class pool_core final : public service_core<Req, Resp> {
  using item = call_item<Req, Resp>;
  using queue = inbox_queue<item>;

public:
  pool_core(std::shared_ptr<queue> q, std::shared_ptr<door> d, when_full full,
            std::unique_ptr<pool_run> r)
      : service_core<Req, Resp>(r->system()), queue_(std::move(q)), door_(std::move(d)),
        full_(full), run_(std::move(r)), facade_(run_->system()),
        deadlines_(
            queue_->attendant([](caf::actor_system& sys) { return spawn<deadline_actor>(sys); })) {}

  ~pool_core() override { door_->shut(); }

  void end(duration limit) override {
    door_->shut();
    run_->end(limit);
  }

  void submit(item call) override { submit(std::move(call), full_ == when_full::wait); }
  void submit_patiently(item call) override { submit(std::move(call), true); }

  bool try_submit(item& call) override {
    if (call.ended_early())
      return true;
    shut_if_over();
    auto place = door::try_enter(door_);
    if (!place && door_->is_shut()) {
      turn_away(std::move(call));
      return true;
    }
    if (!place) {
      count_shed(call);
      return false;
    }
    admit(std::move(call), std::move(*place));
    return true;
  }

  report drain(duration limit) override {
    this->refuse_wait("drain", "have a thread of your own drain it");
    door_->shut();
    auto end = run_->drain(limit);
    facade_.let_go();
    return end;
  }
  bool is_over() const override { return run_->is_over(); }
  duration drain_limit() const override { return run_->drain_limit(); }
  stage_metrics metrics() const override { return run_->metrics(); }
  void configure(const settings& s) override { run_->configure(s); }
  caf::actor_system& system() const override { return run_->system(); }
  std::string name() const override { return run_->name(); }
  std::vector<caf::actor> actors() const override { return run_->actors(); }
  caf::actor as_actor(const std::function<caf::actor(caf::actor_system&)>& make) override {
    return facade_.get(make);
  }

private:
  // It may have ended by itself, and with it the actor system.
  void shut_if_over() const {
    if (run_->is_over())
      door_->shut();
  }

  void submit(item call, bool patiently) {
    if (call.ended_early())
      return;
    shut_if_over();
    const auto* const ctx = call.ctx ? &*call.ctx : nullptr;
    auto place
        = patiently && !service_thread::inside() ? door::enter(door_, ctx) : door::try_enter(door_);
    if (place)
      admit(std::move(call), std::move(*place));
    else
      turn_away(std::move(call));
  }

  void admit(item call, door::place place) {
    call.place = std::move(place);
    if (const auto left = call.ctx ? call.ctx->remaining() : std::nullopt)
      watch_deadline(deadlines_, run_->system(), *left, call.reply.open());
    // Refused, it is destroyed, and so answered.
    queue_->offer(call);
  }

  void turn_away(item call) {
    if (call.ended_early())
      return;
    if (door_->is_shut()) {
      call.reply.fail({errc::closed, {}, "the service has ended"});
      return;
    }
    count_shed(call);
    call.reply.fail(full());
  }

  static error full() { return {errc::pool_full, {}, "the service is full"}; }
  void count_shed(item& call) { queue_->count_shed(glimpse_of(call.request.get()), full); }

  std::shared_ptr<queue> queue_;
  std::shared_ptr<door> door_;
  when_full full_;
  std::unique_ptr<pool_run> run_;
  actor_facade facade_;
  caf::actor deadlines_;
};

} // namespace troupe::detail
