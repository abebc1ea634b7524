// expect: troupe: the range of this from only shows its elements, which cannot be copied

#include <memory>
#include <span>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

std::vector<std::unique_ptr<int>> table;

auto wrong() { return tr::from("table", std::span{table}) | tr::ignore("end"); }
