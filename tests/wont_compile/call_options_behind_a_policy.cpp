// expect: troupe: call takes policies after the function: fallback, retry, hedge

#include <troupe/call.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call(
      "double", [](int x) { return 2 * x; }, tr::retry{.attempts = 2},
      tr::call_options{.workers = 4});
}
