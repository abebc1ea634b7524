#include <troupe/service/driven_future.hpp>

#include <stdexcept>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>

namespace troupe::detail {

bool is_driven(caf::actor_system& sys) { return is_testing(sys); }

void drive_until(caf::actor_system& sys, const std::function<bool()>& done) {
  if (virtual_time::drive(sys, done) == virtual_time::driven::stuck)
    throw std::logic_error("service: nothing is left to do under the testing scheduler, and the "
                           "call has not been answered");
}

bool drive_for(caf::actor_system& sys, duration d, const context& ctx) {
  virtual_time::drive(
      sys, [&] { return ctx.cancelled(); }, d);
  return !ctx.cancelled();
}

} // namespace troupe::detail
