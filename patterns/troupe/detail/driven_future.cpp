#include <troupe/detail/driven_future.hpp>

#include <stdexcept>

#include <troupe/detail/compat.hpp>

namespace troupe::detail {

bool is_driven(caf::actor_system& sys) { return is_testing(sys); }

void drive_until(caf::actor_system& sys, const std::function<bool()>& done) {
  for (;;) {
    virtual_time::run_jobs(sys);
    if (done())
      return;
    if (!virtual_time::trigger_next_timeout(sys))
      throw std::logic_error("service: nothing is left to do under the testing scheduler, and the "
                             "call has not been answered");
  }
}

} // namespace troupe::detail
