// expect: troupe: the keys of this batch need a std::hash, an operator== and a copy

#include <vector>

#include <troupe/batch.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

struct order {
  std::vector<int> items;
};

auto wrong() {
  return tr::from("orders", std::vector<order>{})
         | tr::batch("by items", {.size = 2, .key = &order::items}) | tr::ignore("end");
}
