#pragma once

#include <optional>
#include <utility>

#include <caf/actor_system_config.hpp>
#include <caf/config_value.hpp>
#include <caf/string_view.hpp>

#include <troupe/count.hpp>

namespace troupe {

/// How much the flows and services of one actor system may take; what is empty has no limit.
///
/// `start` and `serve` refuse what would pass them: std::system_error with the code
/// resource_unavailable_try_again, whose text names the stage or service, how many it asks for, how
/// many there are, and the limit. So does `configure`, of workers that a stage is to have at least.
/// A pool that follows its load gets as many as there is room for; who takes the place of a worker
/// that died is never refused. Counted are the actors of runs and services, each until it is gone;
/// not those of others, the children of a supervisor, or the one by which an inbox or a service is
/// an actor itself.
struct system_limits {
  /// Of the scheduler, in place of the option `scheduler.max-threads`, whose default is the number
  /// of cores, or what the process's control group leaves of them. CAF 0.17 only. Less than 1 is
  /// reported on stderr, and is no limit.
  std::optional<count> threads = {};
  std::optional<count> most_own_threads = {}; ///< actors with thread::own, workers of served calls
  std::optional<count> most_actors = {};
};

/// The configuration of an actor system for flows: as many threads as cores, or fewer where its
/// control group has less time, and a scheduler that wakes an idle core for each runnable actor.
///
/// ```cpp
/// troupe::config cfg;
/// cfg.limits = {.threads = 8, .most_own_threads = 64, .most_actors = 10'000}; // optional
/// if (auto failure = cfg.parse(argc, argv)) // optional: CAF's command line and INI file
///   return EXIT_FAILURE;
/// caf::actor_system sys{cfg};
/// ```
///
/// Set `scheduler.policy`, as a string or an atom, to `testing` for virtual time, or to CAF's own
/// `sharing` or `stealing`; unset or `wake` is ours. An actor gives way after
/// `scheduler.max-throughput` messages, 100 here. A plain `caf::actor_system_config` works too,
/// with CAF's defaults.
///
/// Bound:  one queue entry per runnable actor.
/// Errors: an unknown policy is reported on stderr, and ours is used.
/// Cost:   0.01 % CPU when idle (CAF's stealing: 0.9 %); a message to an idle actor takes 20-40 us
///         (stealing: 70 us); 4.6 ns per item through 4 actors in batches of 1024 (sharing: 6 ns).
///         Medians on a shared 2-core virtual machine.
/// Source: the wake-up rule of the Go and Tokio schedulers.
class config : public caf::actor_system_config {
public:
  config();

  /// Set them before the actor system is made.
  system_limits limits = {};

  /// As CAF's; where it wants an atom, a string will do.
  template <class T>
  config& set(caf::string_view name, T&& value) {
    return set_value(name, caf::config_value{std::forward<T>(value)});
  }

private:
  config& set_value(caf::string_view name, caf::config_value value);
};

} // namespace troupe
