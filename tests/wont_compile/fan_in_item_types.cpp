// expect: troupe: the flows of this fan_in do not all have the same item type

#include <string>
#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::fan_in("all", {}, tr::from("numbers", std::vector{1, 2, 3}),
                    tr::from("names", std::vector<std::string>{"a", "b"}))
         | tr::ignore("end");
}
