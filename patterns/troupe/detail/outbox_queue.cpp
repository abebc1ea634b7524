#include <troupe/detail/outbox_queue.hpp>

#include <troupe/detail/compat.hpp>
#include <troupe/detail/worker_actor.hpp>

namespace troupe::detail {

bool in_virtual_time(kernel_host& host) {
  // Every host is one; only a cast in this style may go from a base that is not public.
  auto& actor = (worker_actor&)host;
  return is_testing(actor.system());
}

} // namespace troupe::detail
