// expect: troupe: the function of this sink does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong(std::string& all) {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::sink("join", [&all](const std::string& text) { all += text; });
}
