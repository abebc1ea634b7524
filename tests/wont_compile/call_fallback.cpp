// expect: troupe: a fallback of this call is neither the response nor a function of

#include <string>

#include <troupe/call.hpp>
#include <troupe/fallback.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call(
      "double", [](int x) { return 2 * x; }, tr::fallback(std::string{"none"}));
}
