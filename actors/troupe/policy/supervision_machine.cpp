#include <troupe/policy/supervision_machine.hpp>

#include <algorithm>
#include <cassert>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

using event_kind = supervisor_event::kind;

supervision_machine::supervision_machine(const supervisor_options& options, std::uint32_t seed)
    : strategy_(options.strategy), intensity_(options.intensity), backoff_(options.backoff),
      auto_shutdown_(options.auto_shutdown), rng_(seed) {}

std::optional<supervision_machine::id> supervision_machine::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional{found->second};
}

// -- requests ------------------------------------------------------------------------------------

supervision_machine::id supervision_machine::add_first(std::string name, child_options options,
                                                       child_kind kind) {
  create(++last_, std::move(name), options, kind);
  return last_;
}

void supervision_machine::begin(time_point now) {
  operation_ = {operation::purpose::begin, 1, last_ + 1, true};
  advance(now);
}

supervision_machine::id supervision_machine::add(request r, std::string name, child_options options,
                                                 child_kind kind, time_point now) {
  const auto i = ++last_;
  tasks_.push_back({task::kind::add, i, 0, exit::normal, r, std::move(name), options, kind});
  advance(now);
  return i;
}

void supervision_machine::terminate(request r, const std::string& name, time_point now) {
  tasks_.push_back({task::kind::terminate, 0, 0, exit::normal, r, name});
  advance(now);
}

void supervision_machine::restart_child(request r, const std::string& name, time_point now) {
  tasks_.push_back({task::kind::restart, 0, 0, exit::normal, r, name});
  advance(now);
}

void supervision_machine::remove(request r, const std::string& name, time_point now) {
  tasks_.push_back({task::kind::remove, 0, 0, exit::normal, r, name});
  advance(now);
}

void supervision_machine::stop(time_point now) {
  end_all(ending::stopped, {});
  advance(now);
}
// -- what became of the orders ------------------------------------------------------------------

supervision_machine::child* supervision_machine::running_as(id i, std::uint64_t run) {
  const auto found = children_.find(i);
  return found == children_.end() || found->second.run != run ? nullptr : &found->second;
}

void supervision_machine::started(id i, std::uint64_t run, time_point now) {
  auto* const c = running_as(i, run);
  if (c == nullptr || c->state != child_state::starting)
    return;
  tell(c->was_up_ ? event_kind::restarted : event_kind::started, i);
  come_up(*c, now);
  advance(now);
}

void supervision_machine::come_up(child& c, time_point now) {
  c.state = child_state::running;
  c.restarts += c.was_up_ ? 1 : 0;
  c.was_up_ = true;
  c.up_since_ = now;
}

void supervision_machine::declined(id i, std::uint64_t run, time_point now) {
  auto* const c = running_as(i, run);
  if (c == nullptr || c->state != child_state::starting)
    return;
  gone(i, *c);
  advance(now);
}

void supervision_machine::exited(id i, std::uint64_t run, exit how, std::string why,
                                 time_point now) {
  auto* const c = running_as(i, run);
  if (c == nullptr || c->gone_)
    return;
  c->why = std::move(why);
  switch (c->state) {
  case child_state::starting:
    start_failed(i, *c, now);
    break;
  case child_state::stopping:
    tell(event_kind::stopped, i, c->why);
    gone(i, *c);
    break;
  case child_state::running:
    c->gone_ = true;
    tell(event_kind::exited, i, c->why);
    tasks_.push_back({task::kind::exit, i, run, how});
    break;
  default:
    return;
  }
  advance(now);
}
// -- tasks --------------------------------------------------------------------------------------

void supervision_machine::perform(const task& t, time_point now) {
  switch (t.what) {
  case task::kind::exit:
    perform_exit(t, now);
    break;
  case task::kind::retry:
    if (const auto* const c = running_as(t.child, t.run);
        c != nullptr && c->state == child_state::restarting) {
      assert(!c->due_); // that timer has put this in line, and another needs another run
      restart_scope(t.child, true);
    }
    break;
  case task::kind::add:
    perform_add(t);
    break;
  case task::kind::terminate:
    if (const auto found = find(t.name))
      operation_ = {operation::purpose::terminate, *found, *found + 1, false, t.asked};
    else
      answer(t.asked, errc::not_found);
    break;
  case task::kind::restart:
    perform_restart(t);
    break;
  case task::kind::remove:
    perform_remove(t);
    break;
  }
}

void supervision_machine::perform_exit(const task& t, time_point now) {
  auto* const c = running_as(t.child, t.run);
  if (c == nullptr || !c->gone_) // ended or started again with others meanwhile
    return;
  const auto when = c->options.restart;
  if (when == restart::permanent || (when == restart::transient && t.how == exit::failure)) {
    recover(t.child, *c, false, now);
    return;
  }
  const auto last = *c;
  gone(t.child, *c);
  shut_down_after(last);
}

void supervision_machine::perform_add(const task& t) {
  if (const auto found = find(t.name)) {
    const auto state = children_.at(*found).state;
    const bool up = state == child_state::running || state == child_state::stopping;
    answer(t.asked, up ? errc::already_started : errc::already_present, *found);
    return;
  }
  create(t.child, t.name, t.options, t.type);
  operation_ = {operation::purpose::add, t.child, t.child + 1, true, t.asked};
}

void supervision_machine::perform_restart(const task& t) {
  const auto found = find(t.name);
  if (!found)
    return answer(t.asked, errc::not_found);
  switch (children_.at(*found).state) {
  case child_state::stopped:
    operation_ = {operation::purpose::restart, *found, *found + 1, true, t.asked};
    break;
  case child_state::restarting:
    answer(t.asked, errc::restarting, *found);
    break;
  default:
    answer(t.asked, errc::still_running, *found);
    break;
  }
}

void supervision_machine::perform_remove(const task& t) {
  const auto found = find(t.name);
  if (!found)
    return answer(t.asked, errc::not_found);
  switch (children_.at(*found).state) {
  case child_state::stopped:
    forget(*found);
    answer(t.asked, errc::none, *found);
    break;
  case child_state::restarting:
    answer(t.asked, errc::restarting, *found);
    break;
  default:
    answer(t.asked, errc::still_running, *found);
    break;
  }
}
// -- restarts and endings -----------------------------------------------------------------------

void supervision_machine::recover(id i, child& c, bool failed_start, time_point now) {
  c.gone_ = false;
  c.state = child_state::restarting;
  if (!intensity_.record(now))
    return give_up(c.name + ": " + c.why);
  if (!failed_start && detail::elapsed(c.up_since_, now) >= c.backoff_.min)
    c.backoff_.reset();
  const auto delay = c.backoff_.next(rng_);
  // Another try for a failed start comes in line, so that requests are served in between.
  const bool later = failed_start || delay > duration::zero();
  if (later)
    set_due(i, c, detail::later(now, delay));
  restart_scope(i, !later);
}

void supervision_machine::restart_scope(id i, bool starts) {
  const auto first = strategy_ == strategy::one_for_all ? id{1} : i;
  const auto behind = 1 + (strategy_ == strategy::one_for_one ? i : last_);
  operation_ = {operation::purpose::recover, first, behind, starts, 0, i};
}

void supervision_machine::start_failed(id i, child& c, time_point now) {
  tell(event_kind::start_failed, i, c.why);
  if (ending_ != ending::none) // and who started it has been given up
    return gone(i, c);
  const auto op = *std::exchange(operation_, std::nullopt);
  c.state = child_state::stopped;
  switch (op.what) {
  case operation::purpose::add: {
    const auto why = c.why;
    forget(i);
    answer(op.asked, errc::start_failed, 0, why);
    break;
  }
  case operation::purpose::begin:
    end_all(ending::start_failed, c.name + ": " + c.why);
    break;
  case operation::purpose::recover:
    recover(i, c, true, now);
    break;
  default:
    answer(op.asked, errc::start_failed, i, c.why);
    break;
  }
}

void supervision_machine::give_up(const std::string& why) {
  const auto text = "more restarts than " + std::to_string(intensity_.restarts()) + " in "
                    + detail::as_text(intensity_.period()) + "; the last was " + why;
  tell(event_kind::gave_up, 0, text);
  end_all(ending::gave_up, text);
}

void supervision_machine::shut_down_after(const child& c) {
  if (c.options.significance == significance::ordinary || auto_shutdown_ == auto_shutdown::never)
    return;
  const auto counts = [](const auto& entry) {
    return entry.second.options.significance == significance::significant
           && entry.second.state != child_state::stopped;
  };
  if (auto_shutdown_ == auto_shutdown::any_significant
      || std::none_of(children_.begin(), children_.end(), counts))
    end_all(ending::auto_shutdown, c.name + ": " + c.why);
}

void supervision_machine::end_all(enum ending why, std::string text) {
  if (ending_ != ending::none)
    return;
  ending_ = why;
  ending_text_ = std::move(text);
  if (operation_ && operation_->asked != 0)
    answer(operation_->asked, errc::closed);
  refuse_waiting();
  operation_ = {operation::purpose::end, 1, last_ + 1, false};
}

} // namespace troupe
