// expect: troupe: the range of this flat_map only shows its elements, which cannot be copied

#include <memory>
#include <span>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

std::vector<std::unique_ptr<int>> table;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::flat_map("look up", [](int) { return std::span{table}; }) | tr::ignore("end");
}
