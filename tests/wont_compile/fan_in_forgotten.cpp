// expect: troupe: a fan_in is missing; lanes must be merged by fan_in before the next stage or sink

#include <vector>

#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::fan_out("double", [](int x) { return 2 * x; }, {.workers = 2}) | tr::ignore("end");
}
