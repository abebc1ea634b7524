// expect: troupe: what the function of this sink answers would be ignored

#include <vector>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::sink("store", [](int) { return false; });
}
