#pragma once

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/policy/supervision_machine.hpp>
#include <troupe/result.hpp>
#include <troupe/supervise/child_recipe.hpp>
#include <troupe/supervision.hpp>
#include <troupe/supervisor_spec.hpp>

namespace troupe {

namespace detail {
class supervisor_handle;
} // namespace detail

/// A child as its supervisor knows it.
struct child_info {
  std::string name = {};
  caf::actor actor = {}; ///< null if it does not run
  child_state state = child_state::stopped;
  troupe::restart restart = troupe::restart::permanent;
  child_kind kind = child_kind::worker;
  std::uint64_t restarts = 0;
  std::string last_exit = {}; ///< why it ended last

  /// Whether it is the child of that name.
  friend bool operator==(const child_info& c, std::string_view called) { return c.name == called; }
};

/// `cache: permanent worker, running`
std::ostream& operator<<(std::ostream& out, const child_info& c);

struct child_counts {
  std::size_t specs = 0;  ///< all, also those that do not run
  std::size_t active = 0; ///< that run
  std::size_t supervisors = 0;
  std::size_t workers = 0;

  friend bool operator==(const child_counts&, const child_counts&) = default;
};

/// Starts CAF actors, starts them again when they fail, and ends them with itself, as in OTP.
///
///     troupe::supervisor sup{sys, "orders", {.strategy = troupe::strategy::one_for_one,
///                                            .intensity = {3, 5s}, .backoff = {100ms, 10s}}};
///     sup.add("cache", [](caf::event_based_actor* self) -> caf::behavior { … },
///             {.restart = troupe::restart::permanent});
///     sup.add("db", troupe::supervisor_spec{{…}}.add("pool", make_pool));   // a branch
///     caf::send… to sup.child("db/pool")
///
/// Shape:  one actor for each supervisor. Children start from left to right, each when the one
///         before it is up (its function has returned), and end from right to left. Paths like
///         "db/pool" name the children of branches.
/// Ends:   `stop`, an exit message to `actor()`, or the end of this handle: all children are ended
///         first, each by its `.shutdown`. Too many restarts: the same, and then `error` says why.
///         A supervisor that is killed kills all below it.
/// Lost:   what waits in the mailbox of a child that crashes or is killed; nobody counts it. A
///         child that is asked to end handles what it was sent before. After a restart there is
///         another actor: ask for it with `child` each time, instead of keeping the handle.
/// Bound:  one entry for each child; restarts are bounded by `.intensity`.
/// Errors: std::invalid_argument for wrong options or names; std::logic_error for an empty
///         (moved-from) handle. A request that is refused is
///         answered with an error that has the path as its stage() and says what to do.
/// Note:   the calls that wait (add, terminate, restart_child, remove, wait, stop) throw
///         std::logic_error inside an actor; there the constructor and the destructor do not wait,
///         and the children are started and ended all the same. Under CAF's testing scheduler they
///         drive it. The others only look, from any thread. A thread cannot be
///         killed: a child in the middle of a message ends when that is handled.
/// Cost:   O(log n) for each start and end among n children.
/// Source: supervisor of Erlang/OTP 27. Other than there, giving up is a failure to the parent.
class supervisor {
public:
  supervisor() noexcept;
  supervisor(caf::actor_system& sys, std::string name, supervisor_options options = {});
  /// Returns when its children are up; if one cannot be started, `done` and `error` say so.
  template <std::same_as<supervisor_spec> Spec>
  supervisor(caf::actor_system& sys, std::string name, const Spec& spec)
      : supervisor(std::make_shared<const supervisor_spec>(spec), sys, std::move(name)) {}
  supervisor(supervisor&&) noexcept;
  supervisor& operator=(supervisor&&) noexcept;
  ~supervisor();

  /// Starts a child behind the others and answers its actor, or errc::already_started,
  /// already_present (it is kept, and does not run), start_failed. The actor is null if there is
  /// nothing to run.
  /// `start`: caf::behavior(caf::event_based_actor*), or a function of caf::actor_system& that
  /// spawns an actor and returns it. It is copied for each start; one that throws has not started.
  template <class F>
  result<caf::actor> add(std::string path, F start, child_options options = {}) {
    return add_recipe(std::move(path), detail::recipe_of(std::move(start)), options);
  }
  result<caf::actor> add(std::string path, supervisor_spec branch, child_options options = {});

  /// Ends a child and keeps it for `restart_child`; a temporary one is forgotten. Or: not_found.
  result<void> terminate(const std::string& path);
  /// Starts a child that does not run. Or: running, restarting, not_found, start_failed.
  result<caf::actor> restart_child(const std::string& path);
  /// Forgets a child that does not run. Or: running, restarting, not_found.
  result<void> remove(const std::string& path);

  /// From left to right; of a branch with its path. Empty when it has ended.
  std::vector<child_info> children(const std::string& branch = {}) const;
  child_counts counts(const std::string& branch = {}) const;
  /// The child as it runs now; null if it does not.
  caf::actor child(const std::string& path) const;
  /// The tree, a line for each child.
  std::string to_text() const;

  /// Ends all, from right to left, and waits for it.
  void stop();
  /// Waits for the end and answers why it came: `error`.
  std::optional<troupe::error> wait();
  /// False if it has not ended within `limit`.
  bool wait_for(time_span limit);
  bool done() const;
  /// Why it ended; empty if it runs, was stopped, or ended by `auto_shutdown`.
  std::optional<troupe::error> error() const;

  const std::string& name() const;
  /// The supervisor itself, to be watched or sent an exit message.
  caf::actor actor() const;

private:
  supervisor(std::shared_ptr<const supervisor_spec> spec, caf::actor_system& sys, std::string name);
  result<caf::actor> add_recipe(std::string path, detail::child_recipe recipe,
                                child_options options);
  detail::supervisor_handle& handle() const;

  std::unique_ptr<detail::supervisor_handle> handle_;
};

} // namespace troupe
