#pragma once

#include <string_view>

#include <caf/fwd.hpp>

namespace troupe::detail {

/// How many actors this thread is in at the moment: more than one in virtual time.
inline constinit thread_local int actors_entered = 0;

/// While it lives, this thread is an actor's.
class actor_thread {
public:
  actor_thread() noexcept { ++actors_entered; }
  actor_thread(const actor_thread&) = delete;
  actor_thread& operator=(const actor_thread&) = delete;
  ~actor_thread() { --actors_entered; }
};

/// Whether this thread must not wait for what happens in `sys`: an actor of ours runs on it, or it
/// is a scheduler's. Unknown, and so `false`, of an actor of somebody else's on a thread of its
/// own, and on a scheduler of CAF's that belongs to another system.
bool in_actor(caf::actor_system& sys) noexcept;

/// Throws std::logic_error in an actor. `what` waits, `instead` is what to do there.
void refuse_to_wait(caf::actor_system& sys, std::string_view what, std::string_view instead);

} // namespace troupe::detail
