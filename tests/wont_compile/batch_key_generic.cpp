// expect: troupe: a key needs a function whose parameter names the item type

#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::batch("by parity", {.size = 2, .key = [](auto x) { return x % 2; }})
         | tr::ignore("end");
}
