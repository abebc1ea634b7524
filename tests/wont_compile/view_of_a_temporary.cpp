// expect: troupe: what this makes of an item is a view into it, and outlives it; hand on what owns
// its

#include <string>
#include <string_view>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("words", std::vector<const char*>{"a", "b"})
         | tr::map("text", [](const std::string& s) { return std::string_view{s}; })
         | tr::ignore("end");
}
