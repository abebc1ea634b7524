// expect: troupe: generate needs a function that returns troupe::generator<T> or std::optional<T>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::generate("numbers", [n = 0]() mutable { return n++; }) | tr::ignore("end");
}
