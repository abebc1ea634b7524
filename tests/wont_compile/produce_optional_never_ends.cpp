// expect: troupe: produce<T> needs a function that returns std::optional<T>

#include <optional>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::produce<std::optional<int>>("numbers", [] { return std::optional{1}; })
         | tr::ignore("end");
}
