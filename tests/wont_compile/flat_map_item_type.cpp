// expect: troupe: the function of this flat_map does not accept the item type that the flow hands

#include <string>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::flat_map("letters", [](const std::string& text) { return text; })
         | tr::ignore("end");
}
