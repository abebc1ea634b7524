// expect: troupe: produce<T> needs a function that returns std::optional<T>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::produce<int>("numbers", [n = 0]() mutable { return ++n; }) | tr::ignore("end");
}
