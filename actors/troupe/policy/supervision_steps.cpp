#include <troupe/policy/supervision_machine.hpp>

#include <cassert>
#include <chrono>
#include <utility>

#include <troupe/detail/elapsed.hpp>

// How the machine walks over its children: ends them from right to left, starts them from left to
// right, and keeps the book.
namespace troupe {

using order_kind = supervision_machine::order::kind;
using event_kind = supervisor_event::kind;
// -- one operation at a time --------------------------------------------------------------------

void supervision_machine::advance(time_point now) {
  while (!ended_) {
    if (operation_) {
      if (!step(now))
        return;
    } else if (tasks_.empty()) {
      return;
    } else {
      const auto next = std::move(tasks_.front());
      tasks_.pop_front();
      perform(next, now);
    }
  }
}

// False: it waits for a child.
bool supervision_machine::step(time_point now) {
  return operation_->stopping ? end_next(now) : start_next();
}

// The last child before the cursor.
bool supervision_machine::end_next(time_point now) {
  auto& op = *operation_;
  auto at = children_.lower_bound(op.cursor);
  if (at == children_.begin() || (--at)->first < op.first) {
    op.stopping = false;
    op.cursor = op.first;
    return true;
  }
  const auto i = at->first;
  if (!end_child(i, at->second, now))
    return false;
  op.cursor = i;
  return true;
}

// False: it is on its way out.
bool supervision_machine::end_child(id i, child& c, time_point now) {
  switch (c.state) {
  case child_state::stopping:
    return false;
  case child_state::stopped:
    return true;
  case child_state::restarting:
    if (i != operation_->kept)
      gone(i, c);
    return true;
  case child_state::starting:
  case child_state::running:
    break;
  }
  if (c.gone_) {
    gone(i, c);
    return true;
  }
  const auto how = *c.options.shutdown;
  c.state = child_state::stopping;
  orders_.push_back({how.is_brutal() ? order_kind::kill : order_kind::ask_to_end, i, c.run});
  if (const auto limit = how.limit())
    set_due(i, c, detail::later(now, *limit));
  return false;
}

bool supervision_machine::start_next() {
  auto& op = *operation_;
  if (const auto awaited = children_.find(op.awaited);
      awaited != children_.end() && awaited->second.state == child_state::starting)
    return false;
  const auto at = children_.lower_bound(op.cursor);
  if (!op.starts || at == children_.end() || at->first >= op.behind) {
    finish_operation();
    return true;
  }
  auto& [i, c] = *at;
  op.cursor = i + 1;
  op.awaited = i;
  assert(!c.due_); // it is its timer that starts it, or it was ended before
  c.state = child_state::starting;
  ++c.run;
  orders_.push_back({order_kind::start, i, c.run});
  return false;
}

void supervision_machine::finish_operation() {
  const auto op = *std::exchange(operation_, std::nullopt);
  switch (op.what) {
  case operation::purpose::begin:
    orders_.push_back({order_kind::ready});
    break;
  case operation::purpose::add:
  case operation::purpose::restart:
  case operation::purpose::terminate:
    answer(op.asked, errc::none, op.first);
    break;
  case operation::purpose::recover:
    break;
  case operation::purpose::end:
    refuse_waiting();
    ended_ = true;
    tell(event_kind::ended, 0, ending_text_);
    orders_.push_back({order_kind::end});
    break;
  }
}

void supervision_machine::tick(time_point now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const auto i = timers_.begin()->second;
    auto& c = children_.at(i);
    set_due(i, c, std::nullopt);
    if (c.state == child_state::stopping)
      orders_.push_back({order_kind::kill, i, c.run});
    else
      tasks_.push_back({task::kind::retry, i, c.run});
  }
  advance(now);
}

std::optional<time_point> supervision_machine::due() const {
  return timers_.empty() ? std::nullopt : std::optional{timers_.begin()->first};
}
// -- children -----------------------------------------------------------------------------------

void supervision_machine::create(id i, std::string name, child_options options, child_kind kind) {
  if (!options.shutdown)
    options.shutdown = kind == child_kind::supervisor ? shutdown::infinite
                                                      : shutdown::within(std::chrono::seconds{5});
  auto& c = children_[i];
  c.options = options;
  c.kind = kind;
  c.backoff_ = backoff_;
  names_.emplace(name, i);
  c.name = std::move(name);
}

void supervision_machine::forget(id i) {
  const auto at = children_.find(i);
  set_due(i, at->second, std::nullopt);
  names_.erase(at->second.name);
  children_.erase(at);
  orders_.push_back({order_kind::forget, i});
}

void supervision_machine::set_due(id i, child& c, std::optional<time_point> at) {
  if (c.due_)
    timers_.erase({*c.due_, i});
  c.due_ = at;
  if (at)
    timers_.emplace(*at, i);
}

// It does not run, and nobody will start it but with others or when asked to.
void supervision_machine::gone(id i, child& c) {
  set_due(i, c, std::nullopt);
  c.gone_ = false;
  c.state = child_state::stopped;
  if (c.options.restart == restart::temporary)
    forget(i);
}

void supervision_machine::answer(request r, errc refusal, id i, std::string text) {
  orders_.push_back({order_kind::answer, i, r, refusal, event_kind::started, std::move(text), {}});
}

void supervision_machine::refuse_waiting() {
  for (const auto& t : tasks_)
    if (t.asked != 0)
      answer(t.asked, errc::closed);
  tasks_.clear();
}

void supervision_machine::tell(event_kind k, id i, std::string why) {
  const auto found = children_.find(i);
  orders_.push_back({order_kind::tell, i, 0, errc::none, k, std::move(why),
                     found == children_.end() ? std::string{} : found->second.name});
}

} // namespace troupe
