#include <troupe/supervise/tree_supervisor.hpp>

#include <exception>
#include <tuple>
#include <utility>

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include <troupe/supervise/exit_text.hpp>

namespace troupe::detail {

namespace {

struct due_msg {
  using internal_message = void;
  time_point at;
};

using supervision_exit = supervision_machine::exit;

} // namespace

tree_supervisor::tree_supervisor(caf::actor_config& cfg, std::shared_ptr<supervision_state> state,
                                 std::shared_ptr<const supervisor_spec> spec, child_up up)
    : actor_base(cfg), state_(std::move(state)), spec_(std::move(spec)), up_(std::move(up)) {}

caf::message_handler tree_supervisor::handlers() {
  begin(); // before any message
  return {
      [this](supervisor_request_msg& msg) { accept(std::move(msg.request)); },
      [this](child_up_msg msg) {
        decide([&](auto& machine, time_point at) { machine.started(msg.child, msg.run, at); });
      },
      [this](due_msg msg) {
        if (timer_ == msg.at)
          timer_.reset();
        decide([](auto& machine, time_point at) { machine.tick(at); });
      },
      [this](supervisor_stop_msg) {
        decide([](auto& machine, time_point at) { machine.stop(at); });
      },
  };
}

void tree_supervisor::on_exit_msg(const caf::error& reason) {
  if (!reason) // somebody it is linked to has ended well
    return;
  reason_ = reason;
  decide([](auto& machine, time_point at) { machine.stop(at); });
}
// -- what comes in ------------------------------------------------------------------------------

template <class F>
void tree_supervisor::decide(F f) {
  const auto at = detail::now(system());
  auto orders = state_->with([&](auto& machine, auto&) {
    f(machine, at);
    return machine.take_orders();
  });
  while (!orders.empty()) {
    for (const auto& o : orders)
      perform(o);
    orders = state_->with([](auto& machine, auto&) { return machine.take_orders(); });
  }
  set_timer();
}

void tree_supervisor::begin() {
  state_->with([this](auto& machine, auto& slots) {
    for (const auto& c : spec_->children()) {
      const auto i = machine.add_first(c.name, c.options, c.recipe.kind());
      slots.emplace(i, supervision_state::slot{c.recipe});
    }
  });
  decide([](auto& machine, time_point at) { machine.begin(at); });
}

void tree_supervisor::accept(std::shared_ptr<supervisor_request> request) {
  using kind = supervisor_request::kind;
  const auto number = ++requests_;
  auto& opened = open_[number];
  opened.request = std::move(request);
  const auto& r = *opened.request;
  const auto at = detail::now(system());
  state_->with([&](auto& machine, auto& slots) {
    switch (r.what) {
    case kind::add:
      opened.child = machine.add(number, r.child, r.options, r.recipe.kind(), at);
      slots.emplace(opened.child, supervision_state::slot{r.recipe});
      break;
    case kind::terminate:
      machine.terminate(number, r.child, at);
      break;
    case kind::restart:
      machine.restart_child(number, r.child, at);
      break;
    case kind::remove:
      machine.remove(number, r.child, at);
      break;
    }
  });
  decide([](auto&, time_point) {});
}

void tree_supervisor::gone(id child, std::uint64_t run, const caf::error& reason) {
  const auto how = is_normal_exit(reason) ? supervision_exit::normal : supervision_exit::failure;
  const auto at = detail::now(system());
  caf::actor last; // goes outside of the lock
  state_->with([&](auto& machine, auto& slots) {
    const auto found = machine.children().find(child);
    if (found == machine.children().end() || found->second.run != run)
      return;
    last = std::exchange(slots.at(child).actor, nullptr);
    slots.at(child).below = nullptr;
    machine.exited(child, run, how, exit_text(reason), at);
  });
  decide([](auto&, time_point) {});
}

// -- orders -------------------------------------------------------------------------------------

void tree_supervisor::perform(const order& o) {
  using kind = order::kind;
  switch (o.what) {
  case kind::start:
    start(o.child, o.number);
    break;
  case kind::ask_to_end:
  case kind::kill:
    end_child(o);
    break;
  case kind::forget:
    forget(o.child);
    break;
  case kind::answer:
    answer(o);
    break;
  case kind::tell:
    tell(o);
    break;
  case kind::ready:
    state_->set_ready();
    if (const auto up = std::exchange(up_, {}); up.supervisor)
      detail::send(this, up.supervisor, up.msg);
    break;
  case kind::end:
    end();
    break;
  }
}

void tree_supervisor::start(id child, std::uint64_t run) {
  supervision_state::slot fresh;
  std::string why;
  bool up = false;
  try {
    up = spawn_child(child, run, fresh);
  } catch (...) {
    why = exit_text(to_exit_reason(std::current_exception()));
  }
  if (fresh.actor)
    watch_actor(fresh.actor,
                [this, child, run](const caf::error& reason) { gone(child, run, reason); });
  const auto at = detail::now(system());
  state_->with([&](auto& machine, auto& slots) {
    auto& slot = slots.at(child);
    slot.actor = fresh.actor;
    slot.below = fresh.below;
    if (!why.empty())
      machine.exited(child, run, supervision_exit::failure, why, at);
    else if (!fresh.actor)
      machine.declined(child, run, at);
    else if (up)
      machine.started(child, run, at);
  });
}

// Whether it counts as up: others say so themselves.
bool tree_supervisor::spawn_child(id child, std::uint64_t run, supervision_state::slot& fresh) {
  const auto [recipe, name, own] = state_->with([&](auto& machine, auto& slots) {
    const auto& c = machine.children().at(child);
    return std::tuple{slots.at(child).recipe, c.name, c.options.thread == thread::own};
  });
  if (recipe.factory) {
    auto make = recipe.factory;
    fresh.actor = make(system());
    return true;
  }
  const child_up up{caf::actor{this}, {child, run}};
  if (recipe.tree != nullptr) {
    fresh.below = std::make_shared<supervision_state>(system(), name, recipe.tree->options());
    fresh.actor = detail::spawn<tree_supervisor>(system(), fresh.below, recipe.tree, up);
  } else if (own && !is_testing(system())) {
    fresh.actor
        = detail::spawn<supervised_child, caf::detached>(system(), name, recipe.behavior, up);
  } else {
    fresh.actor = detail::spawn<supervised_child>(system(), name, recipe.behavior, up);
  }
  return false;
}

void tree_supervisor::end_child(const order& o) {
  const auto actor = state_->with([&](auto&, auto& slots) { return slots.at(o.child).actor; });
  if (o.what == order::kind::kill)
    anon_kill(actor);
  else
    anon_exit(actor);
}

void tree_supervisor::forget(id child) {
  // What the functions of a child hold is let go of outside of the lock.
  const auto node = state_->with([&](auto&, auto& slots) { return slots.extract(child); });
}

void tree_supervisor::answer(const order& o) {
  const auto node = open_.extract(o.number);
  if (node.empty())
    return;
  const auto& [request, child] = node.mapped();
  // One whose start is under way when all is stopped is there all the same, and has to be ended.
  if (state_->with([&, i = child](auto& m, auto&) { return i != 0 && !m.children().contains(i); }))
    forget(child);
  auto actor = state_->with([&](auto&, auto& slots) {
    const auto found = slots.find(o.child);
    return found == slots.end() ? caf::actor{} : found->second.actor;
  });
  request->give({o.refusal, std::move(actor), o.text});
}

void tree_supervisor::tell(const order& o) {
  const auto& hook = spec_->options().on_event;
  if (!hook)
    return;
  hook({o.event, state_->name(), o.name, o.text, detail::now(system())});
}

void tree_supervisor::end() {
  using ending = enum supervision_machine::ending;
  const auto [why, text] = state_->with([](auto& machine, auto&) {
    return std::pair{machine.ending(), machine.ending_text()};
  });
  const auto full = "supervisor \"" + state_->name() + "\": " + text;
  switch (why) {
  case ending::gave_up:
  case ending::start_failed:
    state_->set_error({errc::worker_died, state_->name(), text});
    quit(caf::make_error(caf::sec::runtime_error, full));
    break;
  default:
    if (reason_ && !is_normal_exit(reason_))
      state_->set_error({errc::worker_died, state_->name(), exit_text(reason_)});
    quit(reason_ ? reason_ : caf::error{caf::exit_reason::user_shutdown});
    break;
  }
}

void tree_supervisor::set_timer() {
  const auto due = state_->with([](auto& machine, auto&) { return machine.due(); });
  if (!due || (timer_ && *timer_ <= *due))
    return;
  timer_ = due;
  const auto wait = elapsed(detail::now(system()), *due);
  if (wait > duration::zero())
    send_after(this, wait, due_msg{*due});
  else
    detail::send(this, caf::actor{this}, due_msg{*due});
}

void tree_supervisor::on_exit() {
  // Only where it did not end by itself is anybody left.
  const auto state = std::exchange(state_, nullptr);
  if (state == nullptr)
    return;
  supervision_state::slots left;
  const bool ended = state->with([&](auto& machine, auto& slots) {
    left.swap(slots);
    return machine.ended();
  });
  if (!ended)
    state->set_error(
        {errc::worker_died, state->name(), "the supervisor was ended: " + exit_text(fail_state())});
  for (const auto& [i, slot] : left)
    if (slot.actor)
      anon_kill(slot.actor);
  open_.clear();
  spec_ = nullptr;
}

} // namespace troupe::detail
