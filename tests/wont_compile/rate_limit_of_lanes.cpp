// expect: troupe: a fan_in is missing; lanes must be merged by fan_in before the next stage or sink

#include <vector>

#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>
#include <troupe/rate_limit.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::fan_out("work", [](int x) { return x; })
         | tr::rate_limit("throttle", tr::per_second(500));
}
