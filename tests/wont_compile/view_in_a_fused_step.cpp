// expect: troupe: a step of this fused returns a view into its own parameter

#include <string>
#include <string_view>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("words", std::vector<std::string>{"a", "b"})
         | tr::map("length", tr::fused([](std::string s) { return std::string_view{s}; },
                                       [](std::string_view s) { return s.size(); }))
         | tr::ignore("end");
}
