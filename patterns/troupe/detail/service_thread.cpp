#include <troupe/detail/service_thread.hpp>

namespace troupe::detail {

int& service_thread::depth() noexcept {
  thread_local int depth = 0;
  return depth;
}

} // namespace troupe::detail
