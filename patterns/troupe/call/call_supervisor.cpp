#include <troupe/call/call_supervisor.hpp>

#include <algorithm>
#include <utility>

#include <troupe/call/call_worker.hpp>
#include <troupe/service/service_thread.hpp>

namespace troupe::detail {

call_supervisor::call_supervisor(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                                 const troupe::context& ctx, call_setup s)
    : call_supervisor_base(cfg, std::move(account), ctx, s.workers, s.restarts),
      setup_(std::move(s)) {}

caf::message_handler call_supervisor::handlers() {
  return setup_.on_call(*this)
      .or_else(caf::message_handler{
          [this](attempted_msg& msg) {
            finish_attempt(msg.id, std::move(msg.answer));
            worker_is_free(msg.worker, msg.id, msg.crashed);
          },
          [this](cancelled_msg msg) { give_up_call(msg.call); },
      })
      .or_else(call_supervisor_base::handlers());
}

void call_supervisor::on_exit() {
  const service_thread at_work; // may let go of the last handle of a service
  call_supervisor_base::on_exit();
  std::exchange(attempts_, {}); // one that lets go of its place may look for others
}

// -- calls ----------------------------------------------------------------------------------------

void call_supervisor::begin(served_call call) {
  const auto* const ctx = call.ctx;
  const auto id = ++last_call_;
  auto scope = std::make_shared<call_scope>(ctx != nullptr ? ctx->child() : troupe::context{});
  const scoped_attempt first{untyped{call.pending, call.request}, scope};
  auto& c = calls_.emplace(id, open_call{std::move(call), scope}).first->second;
  if (ctx != nullptr) {
    if (const auto left = ctx->remaining())
      c.deadline = set_timer(*left, [this, id] { give_up_call(id); });
    c.on_cancel
        = ctx->on_cancel([me = caf::actor{this}, id] { anon_send_urgent(me, cancelled_msg{id}); });
  }
  bear(first.request(), [&] {
    setup_.chain->run(*this, first,
                      [this, id](result<untyped>&& r) { finish_call(id, std::move(r)); });
  });
}

// An answer that throws on its way through the layers costs its own call.
template <class Body>
void call_supervisor::bear(const std::weak_ptr<void>& request, const Body& body) {
  try {
    body();
  } catch (...) {
    fail_call(request, not_handed_on("answer").with_stage(service()));
  }
}

void call_supervisor::fail_call(const std::weak_ptr<void>& request, const error& why) {
  const auto same = [&](const auto& entry) {
    const auto& waiting = entry.second.call.pending;
    return !waiting.owner_before(request) && !request.owner_before(waiting);
  };
  const auto found = std::find_if(calls_.begin(), calls_.end(), same);
  if (found == calls_.end()) // it had its answer
    return;
  const auto scope = found->second.scope;
  finish_call(found->first, tl::unexpected<error>{why});
  scope->give_up(why);
}

void call_supervisor::finish_call(call_id id, result<untyped>&& r) {
  auto found = calls_.extract(id);
  if (!found)
    return;
  const auto& c = found.mapped();
  drop_timer(c.deadline);
  c.leave();
  c.answer(std::move(r));
  end_if_empty();
}

// The caller no longer waits: whatever the layers wait for ends now.
void call_supervisor::give_up_call(call_id id) {
  const auto found = calls_.find(id);
  if (found == calls_.end())
    return;
  const auto scope = found->second.scope; // the call is gone before this is over
  scope->give_up(found->second.call.ctx->why());
}

void call_supervisor::give_up(const error& why) {
  const auto open = std::exchange(calls_, {});
  // All of them first: a place that one gives back is not to let another in.
  for (const auto& [id, c] : open)
    c.scope->ctx().cancel();
  for (const auto& [id, c] : open) {
    c.leave();
    c.scope->drop();
    c.answer(tl::unexpected<error>{why});
  }
}

void call_supervisor::open_call::leave() const {
  if (call.ctx != nullptr)
    call.ctx->forget(on_cancel);
}

// -- attempts -------------------------------------------------------------------------------------

void call_supervisor::sleep(const scoped_attempt& a, duration d, std::function<void()> k) {
  const auto timer = set_timer(d, [this, a, k] {
    a.scope().clear_wait();
    bear(a.request(), k);
  });
  a.scope().wait_with([this, timer, a = std::weak_ptr{a.request()}, k = std::move(k)] {
    drop_timer(timer);
    bear(a, k);
  });
}

void call_supervisor::begin_attempt(scoped_attempt a, on_answer then) {
  if (auto why = a.over()) {
    then(result<untyped>{tl::unexpected<error>{std::move(*why)}});
    return;
  }
  const auto id = ++last_attempt_;
  a.scope().wait_with([this, id] { abandon(id); });
  attempts_.emplace(id, open_attempt{std::move(a), std::move(then)});
  line_up(id);
}

void call_supervisor::finish_attempt(attempt_id id, result<untyped>&& r) {
  auto found = attempts_.extract(id);
  if (!found) // given up before: a late answer
    return;
  auto& open = found.mapped();
  open.attempt.scope().clear_wait();
  bear(open.attempt.request(), [&] { open.done(std::move(r)); });
}

void call_supervisor::abandon(attempt_id id) {
  forget(id);
  auto found = attempts_.extract(id);
  auto why = found.mapped().attempt.over();
  found.mapped().done(tl::unexpected<error>{std::move(*why)});
}

// -- workers --------------------------------------------------------------------------------------

caf::actor call_supervisor::spawn_worker() {
  // Virtual time has one thread only.
  if (is_testing(system()))
    return detail::spawn<call_worker>(system(), setup_.function->another(), service());
  return detail::spawn<call_worker, caf::detached>(system(), setup_.function->another(), service());
}

void call_supervisor::show_worker(std::size_t i, const caf::actor& actor) {
  setup_.chain->controls()->show_worker(i, actor);
}

void call_supervisor::hand_over(attempt_id id, std::size_t by, const caf::actor& to) {
  auto& a = attempts_.at(id).attempt;
  a.scope().begin_attempt();
  detail::send(this, to, attempt_msg{id, by, a.request(), a.scope().ctx(), caf::actor{this}});
}

void call_supervisor::lose(attempt_id id) {
  finish_attempt(id, tl::unexpected<error>{
                         {errc::worker_died, service(), "the worker was ended from outside"}});
}

} // namespace troupe::detail
