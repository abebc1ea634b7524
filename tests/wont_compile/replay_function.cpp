// expect: troupe: replay<T> needs a function that takes a std::string_view and returns T

#include <string_view>

#include <troupe/dead_letters.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::replay<int>("again", "lost.jsonl", [](std::string_view) { return "one"; });
}
