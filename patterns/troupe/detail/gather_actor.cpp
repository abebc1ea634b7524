#include <troupe/detail/gather_actor.hpp>

#include <algorithm>
#include <utility>

#include <troupe/detail/refusal.hpp>
#include <troupe/detail/service_core.hpp>

namespace troupe::detail {

namespace {

struct gathered_msg {
  using internal_message = void;
  std::uint64_t request = 0;
  std::size_t service = 0;
  gathered_answer answer;
};

struct gather_limit_msg {
  using internal_message = void;
};

struct gather_cancel_msg {
  using internal_message = void;
  std::uint64_t request = 0;
};

} // namespace

gather_actor::gather_actor(caf::actor_config& cfg, gather_setup setup)
    : actor_base(cfg), setup_(std::move(setup)) {}

caf::message_handler gather_actor::handlers() {
  return {
      [this](const gather_msg& msg) { begin(msg.job); },
      [this](gathered_msg& msg) { answered(msg.request, msg.service, std::move(msg.answer)); },
      [this](gather_limit_msg) { on_timer(); },
      [this](gather_cancel_msg msg) {
        const auto found = pending_.find(msg.request);
        if (found != pending_.end())
          given_up(msg.request, found->second.job->ctx().why());
      },
  };
}

void gather_actor::begin(const std::shared_ptr<gather_job>& job) {
  const auto request = ++last_;
  pending p{job, gather_machine{setup_.how, setup_.services, setup_.name}, {}, 0, {}};
  p.due = later(detail::now(system()), setup_.within);
  const caf::actor me{this};
  for (std::size_t i = 0; i < setup_.services; ++i)
    p.contexts.push_back(job->ctx().child());
  p.on_cancel
      = job->ctx().on_cancel([me, request] { anon_send_urgent(me, gather_cancel_msg{request}); });
  const auto& contexts = pending_.emplace(request, std::move(p)).first->second.contexts;
  // Answers come as messages, also those that are there at once: none is handled in this loop.
  for (std::size_t i = 0; i < setup_.services; ++i)
    job->ask(i, contexts[i], [me, request, i](gathered_answer answer) {
      detail::anon_send(me, gathered_msg{request, i, std::move(answer)});
    });
  set_timer();
}

void gather_actor::answered(id request, std::size_t service, gathered_answer answer) {
  const auto found = pending_.find(request);
  if (found == pending_.end()) // cancelled or too late: nobody waits for it
    return;
  auto& p = found->second;
  if (!p.machine.is_open(service))
    return;
  const bool success = answer.success;
  p.job->keep(service, std::move(answer));
  if (p.machine.answer(service, success) != gather_state::waiting)
    end(request, errc::cancelled);
}

void gather_actor::on_timer() {
  timer_runs_ = false;
  const auto at = detail::now(system());
  while (!pending_.empty() && pending_.begin()->second.due <= at) {
    pending_.begin()->second.machine.expire();
    end(pending_.begin()->first, errc::timed_out);
  }
  set_timer();
}

void gather_actor::set_timer() {
  if (setup_.within == duration::zero() || timer_runs_ || pending_.empty())
    return;
  timer_runs_ = true;
  const auto wait = elapsed(detail::now(system()), pending_.begin()->second.due);
  send_after(this, wait, gather_limit_msg{});
}

void gather_actor::end(id request, errc for_open) {
  auto node = pending_.extract(request);
  auto& p = node.mapped();
  p.job->ctx().forget(p.on_cancel);
  const bool at_limit = for_open == errc::timed_out;
  auto failure = p.machine.state() == gather_state::failed ? std::optional{unreachable(p, at_limit)}
                                                           : std::nullopt;
  cancel_open(p, at_limit
                     ? error{for_open, setup_.name, "no answer within " + as_text(setup_.within)}
                     : error{for_open, setup_.name, "enough services had answered"});
  p.job->finish(std::move(failure));
}

void gather_actor::given_up(id request, const error& why) {
  auto node = pending_.extract(request);
  auto& p = node.mapped();
  p.job->ctx().forget(p.on_cancel);
  cancel_open(p, why);
  p.job->finish(error{why}.with_stage(setup_.name));
}

error gather_actor::unreachable(const pending& p, bool at_limit) const {
  auto text = std::to_string(p.machine.succeeded()) + " of " + std::to_string(setup_.services)
              + " services succeeded";
  if (at_limit)
    text += " within " + as_text(setup_.within);
  else
    text += ", " + std::to_string(p.machine.failed()) + " failed";
  text += ", needs " + std::to_string(setup_.how.needed().value());
  if (const auto* first = p.job->first_error())
    text += "; first error: " + to_string(*first);
  return error{errc::quorum_unreachable, setup_.name, std::move(text)};
}

void gather_actor::cancel_open(pending& p, const error& why) {
  for (const auto i : p.machine.open()) {
    p.job->close(i, why);
    p.contexts[i].cancel();
  }
}

void gather_actor::on_exit() {
  const service_thread at_work; // may let go of the last handle of a service
  const error why{errc::closed, setup_.name, "the service has ended"};
  while (!pending_.empty())
    given_up(pending_.begin()->first, why);
}

} // namespace troupe::detail
