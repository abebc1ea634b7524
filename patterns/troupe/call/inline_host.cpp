#include <troupe/call/inline_host.hpp>

#include <troupe/service/driven_future.hpp>
#include <troupe/tools/blocking_wait.hpp>
#include <troupe/tools/retry_loop.hpp>

namespace troupe::detail {

inline_host::inline_host(caf::actor_system& sys, std::string name)
    : system_(&sys), clock_(sys), rng_(fresh_rng()), name_(std::move(name)) {}

bool inline_host::go_on() {
  if (!sleeping_.then)
    return false;
  const auto s = std::exchange(sleeping_, {});
  answered_.reset();
  if (is_driven(*system_))
    drive_for(*system_, s.for_how_long, *s.ctx);
  else
    pass_time(s.for_how_long, *s.ctx);
  s.then();
  return true;
}

} // namespace troupe::detail
