// expect: troupe: the function of this stage does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::stage("parse", [](const std::string& text) { return text.size(); })
         | tr::ignore("end");
}
