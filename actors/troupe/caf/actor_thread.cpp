#include <troupe/caf/actor_thread.hpp>

#include <stdexcept>
#include <string>

#include <troupe/caf/compat.hpp>

namespace troupe::detail {

bool in_actor(caf::actor_system& sys) noexcept {
  return actors_entered > 0 || is_scheduler_thread(sys);
}

void refuse_to_wait(caf::actor_system& sys, std::string_view what, std::string_view instead) {
  if (in_actor(sys))
    throw std::logic_error(std::string{what}
                           + " waits, and is called inside an actor, on whose thread what it waits "
                             "for may have to run; "
                           + std::string{instead});
}

} // namespace troupe::detail
