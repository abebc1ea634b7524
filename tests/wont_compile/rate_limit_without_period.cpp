// expect: troupe: a rate needs its period; write per_second(500), per_minute(90) or every(250ms)

#include <vector>

#include <troupe/producer_consumer.hpp>
#include <troupe/rate_limit.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::rate_limit("throttle", 500, {.burst = 50})
         | tr::ignore("end");
}
