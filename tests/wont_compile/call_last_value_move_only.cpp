// expect: troupe: a fallback of this call is neither the response nor a function of

#include <memory>

#include <troupe/call.hpp>
#include <troupe/fallback.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call(
      "open", [](int x) { return std::make_unique<int>(x); }, tr::fallback(tr::last_value));
}
