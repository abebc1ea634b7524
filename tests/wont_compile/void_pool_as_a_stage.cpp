// expect: troupe: this service answers nothing, so nothing could follow it; use a sink with
// consumers

#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::worker_pool("store", [](int) {});
}
