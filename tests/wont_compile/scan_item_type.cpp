// expect: troupe: the function of this scan does not take the state and the item type that the flow

#include <string>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::scan("length", 0,
                    [](int n, const std::string& text) { return n + int(text.size()); })
         | tr::ignore("end");
}
