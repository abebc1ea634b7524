// expect: troupe: this outbox does not hold the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/outbox.hpp>
#include <troupe/sources.hpp>

namespace tr = troupe;

auto wrong() {
  auto [out, end] = tr::outbox<int>("out");
  return tr::from("words", std::vector<std::string>{"a"}) | end;
}
