// expect: troupe: this service does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/sources.hpp>
#include <troupe/worker_pool.hpp>

namespace tr = troupe;

auto wrong(const std::vector<std::string>& words) {
  return tr::from("words", words) | tr::worker_pool("double", [](int x) { return 2 * x; });
}
