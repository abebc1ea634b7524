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

bool drive_for(caf::actor_system& sys, duration d, const context& ctx) {
  const auto from = now(sys);
  const auto end = d < time_point::max() - from ? from + d : time_point::max();
  virtual_time::run_jobs(sys);
  while (!ctx.cancelled() && now(sys) < end) {
    const auto next = virtual_time::next_timeout(sys);
    if (next && *next <= end)
      virtual_time::trigger_next_timeout(sys);
    else
      virtual_time::advance(sys, end - now(sys));
    virtual_time::run_jobs(sys);
  }
  return !ctx.cancelled();
}

} // namespace troupe::detail
