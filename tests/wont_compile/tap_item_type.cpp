// expect: troupe: the function of this tap does not accept the item type that the flow hands it

#include <iostream>
#include <string>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::tap("show", [](const std::string& text) { std::cout << text; }) | tr::ignore("end");
}
