// expect: troupe: the function of a flat_map must return a range

#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::flat_map("many", [](int x) { return 2 * x; }) | tr::ignore("end");
}
