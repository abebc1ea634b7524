// expect: troupe: the keys of this distinct need a std::hash, an operator== and a copy

#include <memory>
#include <optional>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::produce<std::unique_ptr<int>>("numbers",
                                           [] { return std::optional<std::unique_ptr<int>>{}; })
         | tr::distinct("new") | tr::ignore("end");
}
