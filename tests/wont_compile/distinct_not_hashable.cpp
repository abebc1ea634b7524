// expect: troupe: the keys of this distinct need a std::hash, an operator== and a copy

#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

struct order {
  int id;
};

auto wrong() {
  return tr::from("orders", std::vector<order>{}) | tr::distinct("new") | tr::ignore("end");
}
