#include <troupe/supervisor.hpp>

#include <future>
#include <optional>
#include <ostream>
#include <stdexcept>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/compat.hpp>
#include <troupe/supervise/supervision_state.hpp>
#include <troupe/supervise/tree_supervisor.hpp>

namespace troupe {

std::ostream& operator<<(std::ostream& out, const child_info& c) {
  return out << c.name << ": " << to_string(c.restart) << ' ' << to_string(c.kind) << ", "
             << to_string(c.state);
}

namespace detail {

/// What a supervisor's handle owns. Kept apart so that moving it moves a pointer.
class supervisor_handle {
public:
  using request = supervisor_request;
  using request_answer = supervisor_request::answer;

  supervisor_handle(caf::actor_system& sys, std::string name,
                    std::shared_ptr<const supervisor_spec> spec)
      : state_(std::make_shared<supervision_state>(sys, std::move(name), spec->options())) {
    const bool begins_with_children = !spec->children().empty();
    actor_ = detail::spawn<tree_supervisor>(sys, state_, std::move(spec), child_up{});
    on_actor_gone(actor_, [state = state_] { state->set_over(); });
    if (begins_with_children && !in_actor(sys))
      state_->wait_ready();
  }

  supervision_state& state() const noexcept { return *state_; }
  const caf::actor& actor() const noexcept { return actor_; }

  void begin_stop() const { anon_send_urgent(actor_, supervisor_stop_msg{}); }
  void stop() const {
    if (!state_->over())
      refuse_wait("stop");
    begin_stop();
    wait("stop", std::nullopt);
  }
  bool wait(const std::string& what, std::optional<duration> limit) const {
    if (state_->over())
      return true;
    refuse_wait(what);
    return state_->wait_over(limit);
  }

  void kill() const noexcept { anon_kill(actor_); }

  std::shared_ptr<supervision_state> branch(std::string path) const {
    caf::actor actor;
    return supervision_state::at(state_, actor, path, false);
  }

  caf::actor child(std::string path) const {
    caf::actor actor;
    supervision_state::at(state_, actor, path, false);
    return path.empty() ? actor : caf::actor{};
  }

  request_answer ask(request::kind what, std::string path, child_recipe recipe = {},
                     child_options options = {}) const {
    if (!state_->over())
      refuse_wait("a change of its children");
    caf::actor to = actor_;
    if (supervision_state::at(state_, to, path, true) == nullptr || !to)
      return {state_->over() ? errc::closed : errc::not_found};
    auto asked = std::make_shared<request>();
    asked->what = what;
    asked->child = std::move(path);
    asked->recipe = std::move(recipe);
    asked->options = options;
    auto answered = asked->reply.get_future();
    detail::anon_send(to, supervisor_request_msg{std::move(asked)});
    if (is_testing(state_->system()))
      drive_supervisor(
          state_->system(), state_->name(),
          [&] { return answered.wait_for(duration::zero()) == std::future_status::ready; },
          std::nullopt);
    return answered.get();
  }

private:
  void refuse_wait(const std::string& what) const {
    refuse_to_wait(state_->system(), "supervisor \"" + state_->name() + "\": " + what,
                   "have a thread of your own do it");
  }

  std::shared_ptr<supervision_state> state_;
  caf::actor actor_;
};

namespace {

using request = supervisor_request;

error refusal_of(std::string path, request::answer a) {
  const auto why = [&]() -> std::string {
    switch (a.refusal) {
    case errc::already_started:
      return "a child of that name runs";
    case errc::already_present:
      return "a child of that name is kept: restart_child starts it, remove forgets it";
    case errc::not_found:
      return "there is no such child";
    case errc::still_running:
      return "it runs: terminate it first";
    case errc::restarting:
      return "it is about to be started again: terminate it first";
    case errc::closed:
      return "the supervisor has ended";
    default:
      return std::move(a.text);
    }
  }();
  return {a.refusal, std::move(path), why};
}

result<caf::actor> actor_of(const std::string& path, request::answer a) {
  if (a.refusal != errc::none)
    return tl::unexpected<error>{refusal_of(path, std::move(a))};
  return std::move(a.actor);
}

result<void> done_of(const std::string& path, request::answer a) {
  if (a.refusal != errc::none)
    return tl::unexpected<error>{refusal_of(path, std::move(a))};
  return {};
}

} // namespace

} // namespace detail

supervisor::supervisor() noexcept = default;
supervisor::supervisor(supervisor&&) noexcept = default;

namespace {

void check(const supervisor_options& options, const std::string& name) {
  if (name.empty())
    throw std::invalid_argument{"supervisor: name = \"\", needs at least one character"};
  validate(options, "supervisor \"" + name + "\"");
}

supervisor_spec spec_of(supervisor_options options, const std::string& name) {
  check(options, name);
  return supervisor_spec{std::move(options)};
}

} // namespace

supervisor::supervisor(caf::actor_system& sys, std::string name, supervisor_options options)
    : supervisor(std::make_shared<const supervisor_spec>(spec_of(std::move(options), name)), sys,
                 name) {}

supervisor::supervisor(std::shared_ptr<const supervisor_spec> spec, caf::actor_system& sys,
                       std::string name) {
  check(spec->options(), name);
  handle_ = std::make_unique<detail::supervisor_handle>(sys, std::move(name), std::move(spec));
}

supervisor& supervisor::operator=(supervisor&& other) noexcept {
  const supervisor old{std::move(*this)}; // stops what this owned
  handle_ = std::move(other.handle_);
  return *this;
}

supervisor::~supervisor() {
  if (handle_ == nullptr)
    return;
  try {
    if (!handle_->state().over()
        && detail::in_actor(handle_->state().system())) // it ends its children on its own
      handle_->begin_stop();
    else
      handle_->stop();
  } catch (...) {
    // Only under the testing scheduler, where a child may never end.
    handle_->kill();
  }
}

detail::supervisor_handle& supervisor::handle() const {
  if (handle_ == nullptr)
    throw std::logic_error("supervisor: this handle is empty; it was moved from, or never set");
  return *handle_;
}

result<caf::actor> supervisor::add_recipe(std::string path, detail::child_recipe recipe,
                                          child_options options) {
  const auto slash = path.rfind('/');
  const auto state = handle().branch(slash == std::string::npos ? "" : path.substr(0, slash));
  validate(options, slash == std::string::npos ? path : path.substr(slash + 1),
           state == nullptr ? supervisor_options{} : state->options());
  return detail::actor_of(
      path, handle().ask(detail::request::kind::add, path, std::move(recipe), options));
}

result<caf::actor> supervisor::add(std::string path, supervisor_spec branch,
                                   child_options options) {
  detail::child_recipe recipe;
  recipe.tree = std::make_shared<const supervisor_spec>(std::move(branch));
  return add_recipe(std::move(path), std::move(recipe), options);
}

result<void> supervisor::terminate(const std::string& path) {
  return detail::done_of(path, handle().ask(detail::request::kind::terminate, path));
}

result<caf::actor> supervisor::restart_child(const std::string& path) {
  return detail::actor_of(path, handle().ask(detail::request::kind::restart, path));
}

result<void> supervisor::remove(const std::string& path) {
  return detail::done_of(path, handle().ask(detail::request::kind::remove, path));
}

std::vector<child_info> supervisor::children(const std::string& branch) const {
  std::vector<child_info> all;
  const auto state = handle().branch(branch);
  if (state == nullptr)
    return all;
  state->with([&](const auto& machine, const auto& slots) {
    for (const auto& [id, c] : machine.children())
      if (const auto slot = slots.find(id); slot != slots.end())
        all.push_back(
            {c.name, slot->second.actor, c.state, c.options.restart, c.kind, c.restarts, c.why});
  });
  return all;
}

child_counts supervisor::counts(const std::string& branch) const {
  child_counts n;
  for (const auto& c : children(branch)) {
    ++n.specs;
    n.active += c.state == child_state::running || c.state == child_state::stopping ? 1 : 0;
    ++(c.kind == child_kind::supervisor ? n.supervisors : n.workers);
  }
  return n;
}

caf::actor supervisor::child(const std::string& path) const { return handle().child(path); }

std::string supervisor::to_text() const {
  auto& state = handle().state();
  return state.name() + ": " + std::string{to_string(state.options().strategy)} + '\n'
         + state.to_text(2);
}

void supervisor::stop() { handle().stop(); }

std::optional<troupe::error> supervisor::wait() {
  handle().wait("wait", std::nullopt);
  return error();
}

bool supervisor::wait_for(time_span limit) { return handle().wait("wait_for", limit); }

bool supervisor::done() const { return handle().state().over(); }

std::optional<troupe::error> supervisor::error() const { return handle().state().why(); }

const std::string& supervisor::name() const { return handle().state().name(); }

caf::actor supervisor::actor() const { return handle().actor(); }

} // namespace troupe
