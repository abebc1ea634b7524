// expect: troupe: broadcast copies each item, and the item type of this flow cannot be copied

#include <memory>
#include <optional>

#include <troupe/broadcast.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto make = [] { return std::optional{std::make_unique<int>(1)}; };
  return tr::produce<std::unique_ptr<int>>("make", make)
         | tr::broadcast("both", tr::ignore("a"), tr::ignore("b"));
}
