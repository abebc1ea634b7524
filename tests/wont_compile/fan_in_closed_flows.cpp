// expect: troupe: the flows of this fan_in already end in sinks; there is nothing to merge

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto closed = tr::from("numbers", std::vector{1, 2, 3}) | tr::ignore("end");
  return tr::fan_in("all", {}, closed, closed);
}
