#include <troupe/inbox/outbox_queue.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/cast/user_actor.hpp>

namespace troupe::detail {

bool in_virtual_time(kernel_host& host) {
  // Every host is one; only a cast in this style may go from a base that is not public.
  auto& actor = (user_actor&)host;
  return is_testing(actor.system());
}

} // namespace troupe::detail
