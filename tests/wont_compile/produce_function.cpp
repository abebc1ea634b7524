// expect: troupe: produce<T> needs a function that returns std::optional<T> and takes nothing

#include <string>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::produce<int>("numbers", [] { return std::string{"not a number"}; });
}
