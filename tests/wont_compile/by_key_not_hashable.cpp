// expect: troupe: the keys of by_key need a std::hash of their type

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto key = [](int x) { return std::vector{x % 10}; };
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::fan_out("double", [](int x) { return 2 * x; },
                       {.workers = 2, .to = tr::dispatch::by_key(key)})
         | tr::fan_in("all") | tr::ignore("end");
}
