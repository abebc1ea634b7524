// expect: troupe: the vector of this collect does not hold the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong(std::vector<std::string>& into) {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::collect("out", into);
}
