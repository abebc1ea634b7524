// expect: troupe: there is nothing to merge here; fan_in follows a fan_out, broadcast or partition

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::fan_in("all") | tr::ignore("end");
}
