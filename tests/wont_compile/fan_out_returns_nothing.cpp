// expect: troupe: the function of a fan_out must return a value

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::fan_out("none", [](int) {}, {.workers = 2})
         | tr::fan_in("all") | tr::ignore("end");
}
