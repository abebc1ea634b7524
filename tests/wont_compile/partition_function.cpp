// expect: troupe: the function of this partition does not take the item type

#include <string>
#include <vector>

#include <troupe/broadcast.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto longer = [](const std::string& text) { return text.size() > 10 ? 1 : 0; };
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::partition("size", longer, tr::ignore("small"), tr::ignore("large"));
}
