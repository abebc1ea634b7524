// expect: troupe: the key function of this distinct does not accept the item type that the flow

#include <string>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::distinct("new", [](const std::string& text) { return text.size(); })
         | tr::ignore("end");
}
