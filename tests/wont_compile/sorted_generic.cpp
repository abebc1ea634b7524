// expect: troupe: sorted needs a comparison whose parameters name the item type

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto first = tr::from("first", std::vector{1, 2, 3});
  const auto second = tr::from("second", std::vector{2, 3, 4});
  const auto less = [](const auto& a, const auto& b) { return a < b; };
  return tr::fan_in("all", {.merge = tr::merge::sorted(less)}, first, second) | tr::ignore("end");
}
