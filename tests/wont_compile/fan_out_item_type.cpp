// expect: troupe: the function of this fan_out does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto size = [](const std::string& text) { return text.size(); };
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::fan_out("sizes", size, {.workers = 2})
         | tr::fan_in("all") | tr::ignore("end");
}
