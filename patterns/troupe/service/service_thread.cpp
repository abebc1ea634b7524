#include <troupe/service/service_thread.hpp>

#include <stdexcept>

#include <troupe/caf/actor_thread.hpp>

namespace troupe::detail {

int& service_thread::depth() noexcept {
  thread_local int depth = 0;
  return depth;
}

bool service_thread::must_not_wait(caf::actor_system& sys) noexcept {
  return inside() || in_actor(sys);
}

void refuse_to_wait_for(const std::string& service, caf::actor_system& sys, std::string_view what,
                        std::string_view instead) {
  if (service_thread::must_not_wait(sys))
    throw std::logic_error("service \"" + service + "\": " + std::string{what}
                           + " waits, and is called inside an actor or by a callback of a service, "
                             "on whose thread what it waits for may have to run; "
                           + std::string{instead});
}

} // namespace troupe::detail
