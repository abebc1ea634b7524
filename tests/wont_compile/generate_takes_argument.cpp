// expect: troupe: generate needs a function that returns troupe::generator<T> or std::optional<T>

#include <optional>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::generate("numbers", [](int n) { return std::optional{n}; }) | tr::ignore("end");
}
