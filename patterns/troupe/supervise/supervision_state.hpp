#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/policy/supervision_machine.hpp>
#include <troupe/supervise/child_recipe.hpp>

namespace troupe::detail {

/// What a supervisor's actor and its handle share. Only the actor changes it.
class supervision_state {
public:
  struct slot {
    child_recipe recipe;
    caf::actor actor = {};
    std::shared_ptr<supervision_state> below = {}; ///< of a supervisor
  };
  using slots = std::unordered_map<supervision_machine::id, slot>;

  supervision_state(caf::actor_system& sys, std::string name, const supervisor_options& options);
  supervision_state(const supervision_state&) = delete;
  supervision_state& operator=(const supervision_state&) = delete;

  caf::actor_system& system() const noexcept { return *system_; }
  const std::string& name() const noexcept { return name_; }
  const supervisor_options& options() const noexcept { return options_; }

  /// Calls `f(machine, slots)` while nobody else looks.
  template <class F>
  auto with(F f) {
    const std::lock_guard lock{mutex_};
    return f(machine_, slots_);
  }

  /// The state of the supervisor at the end of `path`, e.g. "db/shards"; null if it does not run.
  /// `leaf`: without the last name, which is left there.
  static std::shared_ptr<supervision_state> at(std::shared_ptr<supervision_state> root,
                                               caf::actor& actor, std::string& path, bool leaf);
  std::string to_text(std::size_t indent = 0);

  void set_error(error why);
  std::optional<error> why() const;
  void set_ready();
  void set_over();
  bool over() const;
  /// Until the first children are up, or never will be.
  void wait_ready();
  /// Until the actor is gone; false if the limit came first.
  bool wait_over(std::optional<duration> limit);

private:
  using condition = std::function<bool()>;
  bool wait(const condition& done, std::optional<duration> limit);

  caf::actor_system* system_;
  std::string name_;
  supervisor_options options_; ///< without on_event: that belongs to the actor
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  supervision_machine machine_;
  slots slots_;
  std::optional<error> why_;
  bool ready_ = false;
  bool over_ = false;
};

/// Runs a system with the testing scheduler until `done`; false if `limit` came first. Errors:
/// std::logic_error if nothing is left to do.
bool drive_supervisor(caf::actor_system& sys, const std::string& name,
                      const std::function<bool()>& done, std::optional<duration> limit);

} // namespace troupe::detail
