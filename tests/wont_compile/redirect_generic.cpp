// expect: troupe: redirect needs a function whose parameter names the item type

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::inbox<int>("numbers", {.overflow = tr::overflow::redirect([](auto) {})});
}
