// expect: troupe: the function of this worker_pool does not take the request and return the
// response

#include <string>

#include <troupe/worker_pool.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::worker_pool<std::string, int>("double", [](int x) { return 2 * x; });
}
