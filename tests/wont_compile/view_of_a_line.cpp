// expect: troupe: what this makes of an item is a view into it, and outlives it; hand on what owns
// its

#include <string_view>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::lines("log", "log.txt")
         | tr::map("text", [](const tr::line& l) { return std::string_view{l}; })
         | tr::ignore("end");
}
