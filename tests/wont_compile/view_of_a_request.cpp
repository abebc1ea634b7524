// expect: troupe: the response of this worker_pool is a view into its request, which is gone by
// then

#include <string>
#include <string_view>

#include <troupe/worker_pool.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::worker_pool("first", [](const std::string& s) { return std::string_view{s}; });
}
