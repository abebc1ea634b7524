// expect: troupe: this flow already ends in a sink; nothing can follow it

#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::sink("print", [](int) {})
         | tr::map("double", [](int x) { return 2 * x; });
}
