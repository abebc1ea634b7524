#include <troupe/gather/gather_actor.hpp>

#include <utility>

#include <troupe/detail/refusal.hpp>

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

gather_base::gather_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                         const troupe::context& ctx, const gather_setup& setup)
    : answering_actor(cfg, std::move(account), ctx), setup_(setup) {}

caf::message_handler gather_base::handlers() {
  return caf::message_handler{
      [this](gathered_msg& msg) { answered(msg.request, msg.service, std::move(msg.answer)); },
      [this](gather_limit_msg) { on_timer(); },
      [this](gather_cancel_msg msg) {
        const auto found = pending_.find(msg.request);
        if (found != pending_.end())
          given_up(msg.request, found->second.job->ctx().why());
      },
  }
      .or_else(answering_actor::handlers());
}

void gather_base::begin(const std::shared_ptr<gather_job>& job) {
  const auto request = ++last_;
  pending p{job, gather_machine{setup_.how, setup_.services, service()}, {}, 0, {}};
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

void gather_base::answered(id request, std::size_t service, gathered_answer answer) {
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

void gather_base::on_timer() {
  timer_runs_ = false;
  const auto at = detail::now(system());
  while (!pending_.empty() && pending_.begin()->second.due <= at) {
    pending_.begin()->second.machine.expire();
    end(pending_.begin()->first, errc::timed_out);
  }
  set_timer();
}

void gather_base::set_timer() {
  if (setup_.within == duration::zero() || timer_runs_ || pending_.empty())
    return;
  timer_runs_ = true;
  const auto wait = elapsed(detail::now(system()), pending_.begin()->second.due);
  send_after(this, wait, gather_limit_msg{});
}

void gather_base::end(id request, errc for_open) {
  auto node = pending_.extract(request);
  auto& p = node.mapped();
  p.job->ctx().forget(p.on_cancel);
  const bool at_limit = for_open == errc::timed_out;
  auto failure = p.machine.state() == gather_state::failed ? std::optional{unreachable(p, at_limit)}
                                                           : std::nullopt;
  cancel_open(p, at_limit ? error{for_open, service(), "no answer within " + as_text(setup_.within)}
                          : error{for_open, service(), "enough services had answered"});
  p.job->finish(std::move(failure));
  end_if_empty();
}

void gather_base::given_up(id request, const error& why) {
  auto node = pending_.extract(request);
  auto& p = node.mapped();
  p.job->ctx().forget(p.on_cancel);
  cancel_open(p, why);
  p.job->finish(error{why}.with_stage(service()));
  end_if_empty();
}

error gather_base::unreachable(const pending& p, bool at_limit) const {
  auto text = std::to_string(p.machine.succeeded()) + " of " + std::to_string(setup_.services)
              + " services succeeded";
  if (at_limit)
    text += " within " + as_text(setup_.within);
  else
    text += ", " + std::to_string(p.machine.failed()) + " failed";
  text += ", needs " + std::to_string(setup_.how.needed().value());
  if (const auto* first = p.job->first_error())
    text += "; first error: " + to_string(*first);
  return error{errc::quorum_unreachable, service(), std::move(text)};
}

void gather_base::cancel_open(pending& p, const error& why) {
  for (const auto i : p.machine.open()) {
    p.job->close(i, why);
    p.contexts[i].cancel();
  }
}

void gather_base::give_up(const error& why) {
  while (!pending_.empty())
    given_up(pending_.begin()->first, why);
}

} // namespace troupe::detail
