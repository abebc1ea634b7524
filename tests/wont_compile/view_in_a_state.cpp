// expect: troupe: what this makes of an item is a view into it, and outlives it; hand on what owns
// its

#include <map>
#include <string_view>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::lines("log", "log.txt")
         | tr::reduce("count", std::map<std::string_view, int>{},
                      [](std::map<std::string_view, int>& m, const tr::line& l) { ++m[l.text()]; })
         | tr::ignore("end");
}
