// expect: troupe: retry and hedge need the request again, but this function consumes it

#include <memory>

#include <troupe/call.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call(
      "open", [](std::unique_ptr<int> p) { return *p; }, tr::retry{.attempts = 2});
}
