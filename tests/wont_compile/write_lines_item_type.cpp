// expect: troupe: write_lines needs items that convert to std::string_view; map them to std::string

#include <vector>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3}) | tr::write_lines("out", "numbers.txt");
}
