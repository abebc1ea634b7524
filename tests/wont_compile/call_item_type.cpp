// expect: troupe: this service does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/call.hpp>
#include <troupe/sources.hpp>

namespace tr = troupe;

auto wrong(const std::vector<std::string>& words) {
  return tr::from("words", words)
         | tr::call(
             "double", [](int x) { return 2 * x; }, tr::retry{.attempts = 2});
}
