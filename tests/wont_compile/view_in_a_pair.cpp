// expect: troupe: what this makes of an item is a view into it, and outlives it; hand on what owns
// its

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("words", std::vector<std::string>{"a", "b"})
         | tr::fan_out("split",
                       [](const std::string& s) {
                         return std::pair{std::string_view{s}.substr(1), s.size()};
                       })
         | tr::fan_in("all") | tr::ignore("end");
}
