// expect: troupe: a flow of this zip already ends in a sink

#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto numbers = tr::from("numbers", std::vector{1, 2, 3});
  return tr::zip("pairs", numbers, numbers | tr::ignore("end"));
}
