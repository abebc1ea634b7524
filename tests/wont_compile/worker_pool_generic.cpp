// expect: troupe: the types of this generic function cannot be told; write worker_pool<Request,
// Response>(...)

#include <troupe/worker_pool.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::worker_pool("double", [](auto x) { return 2 * x; });
}
