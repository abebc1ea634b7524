// expect: troupe: a fan_in is missing inside of a branch

#include <vector>

#include <troupe/broadcast.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto twice = [](int x) { return 2 * x; };
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::broadcast("both", tr::ignore("a"), tr::fan_out("b", twice, {.workers = 2}));
}
