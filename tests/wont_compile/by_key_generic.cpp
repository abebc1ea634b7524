// expect: troupe: by_key needs a function whose parameter names the item type

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto digit = [](const auto& x) { return x % 10; };
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::fan_out("double", [](int x) { return 2 * x; },
                       {.workers = 2, .to = tr::dispatch::by_key(digit)})
         | tr::fan_in("all") | tr::ignore("end");
}
