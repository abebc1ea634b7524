// expect: troupe: what this makes of an item is a view into it, and outlives it; hand on what owns
// its

#include <string_view>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::lines("log", "log.txt")
         | tr::flat_map("words", [](const tr::line& l) { return std::vector{l.text()}; })
         | tr::ignore("end");
}
