#include <troupe/supervise/supervision_state.hpp>

#include <stdexcept>
#include <utility>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/caf/wait_within.hpp>

namespace troupe::detail {

supervision_state::supervision_state(caf::actor_system& sys, std::string name,
                                     const supervisor_options& options)
    : system_(&sys), name_(std::move(name)), options_(options), machine_(options) {
  options_.on_event = nullptr;
}

std::shared_ptr<supervision_state> supervision_state::at(std::shared_ptr<supervision_state> root,
                                                         caf::actor& actor, std::string& path,
                                                         bool leaf) {
  if (path.ends_with('/'))
    return nullptr;
  while (root != nullptr && !path.empty()) {
    const auto slash = path.find('/');
    if (leaf && slash == std::string::npos)
      break;
    const auto name = path.substr(0, slash);
    path.erase(0, slash == std::string::npos ? slash : slash + 1);
    root = root->with([&](const auto& machine, const auto& all) {
      const auto id = machine.find(name);
      const auto found = id ? all.find(*id) : all.end();
      actor = found == all.end() ? nullptr : found->second.actor;
      if (found == all.end())
        return std::shared_ptr<supervision_state>{};
      return found->second.below;
    });
  }
  return root;
}

std::string supervision_state::to_text(std::size_t indent) {
  const std::string pad(indent, ' ');
  struct line {
    std::string text;
    std::shared_ptr<supervision_state> below;
  };
  const auto lines = with([&](const supervision_machine& machine, const slots& all) {
    std::vector<line> made;
    for (const auto& [id, c] : machine.children()) {
      auto text = pad + c.name + ": " + std::string{troupe::to_string(c.options.restart)} + ", "
                  + std::string{troupe::to_string(c.state)};
      if (c.restarts > 0)
        text += ", restarts: " + std::to_string(c.restarts);
      // There is none left once the actor has ended: with all, or while its branch starts anew.
      const auto kept = all.find(id);
      made.push_back({std::move(text), kept == all.end() ? std::shared_ptr<supervision_state>{}
                                                         : kept->second.below});
    }
    return made;
  });
  std::string text;
  for (const auto& l : lines) {
    text += l.text;
    if (l.below != nullptr)
      text += ", " + std::string{troupe::to_string(l.below->options().strategy)};
    text += '\n';
    if (l.below != nullptr)
      text += l.below->to_text(indent + 2);
  }
  return text;
}

void supervision_state::set_error(error why) {
  const std::lock_guard lock{mutex_};
  why_ = std::move(why);
}

std::optional<error> supervision_state::why() const {
  const std::lock_guard lock{mutex_};
  return why_;
}

void supervision_state::set_ready() {
  const std::lock_guard lock{mutex_};
  ready_ = true;
  changed_.notify_all();
}

void supervision_state::set_over() {
  const std::lock_guard lock{mutex_};
  over_ = true;
  changed_.notify_all();
}

bool supervision_state::over() const {
  const std::lock_guard lock{mutex_};
  return over_;
}

void supervision_state::wait_ready() {
  wait([this] { return ready_ || over_; }, std::nullopt);
}

bool supervision_state::wait_over(std::optional<duration> limit) {
  return wait([this] { return over_; }, limit);
}

bool supervision_state::wait(const condition& done, std::optional<duration> limit) {
  if (is_testing(*system_))
    return drive_supervisor(
        *system_, name_,
        [&] {
          const std::lock_guard lock{mutex_};
          return done();
        },
        limit);
  std::unique_lock lock{mutex_};
  if (limit)
    return wait_within(changed_, lock, *limit, done);
  changed_.wait(lock, done);
  return true;
}

bool drive_supervisor(caf::actor_system& sys, const std::string& name,
                      const std::function<bool()>& done, std::optional<duration> limit) {
  const auto how = virtual_time::drive(sys, done, limit);
  if (how == virtual_time::driven::stuck)
    throw std::logic_error("supervisor \"" + name
                           + "\": nothing is left to do under the testing scheduler: it has not "
                             "ended, or a child with shutdown::infinite does not");
  return how == virtual_time::driven::done;
}

} // namespace troupe::detail
