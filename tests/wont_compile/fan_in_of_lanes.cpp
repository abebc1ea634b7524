// expect: troupe: a fan_in is missing; the lanes of a fan_out must be merged before they meet other
// flows

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto numbers = tr::from("numbers", std::vector{1, 2, 3});
  const auto twice = [](int x) { return 2 * x; };
  return tr::fan_in("all", {}, numbers, numbers | tr::fan_out("double", twice, {.workers = 2}))
         | tr::ignore("end");
}
