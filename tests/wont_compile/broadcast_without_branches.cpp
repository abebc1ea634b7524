// expect: troupe: this junction has no branch to send items into

#include <vector>

#include <troupe/broadcast.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() { return tr::from("numbers", std::vector{1, 2, 3}) | tr::broadcast("none"); }
