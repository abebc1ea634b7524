// expect: troupe: the types of this generic function cannot be told; write call<Request, Response>

#include <troupe/call.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call(
      "double", [](auto x) { return 2 * x; }, tr::retry{.attempts = 2});
}
