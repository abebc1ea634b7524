// expect: troupe: the function of this flat_map returns a view into its own parameter

#include <span>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("tables", std::vector<std::vector<int>>{{1}, {2}})
         | tr::flat_map("all", [](std::vector<int> v) { return std::span<const int>{v}; })
         | tr::ignore("end");
}
