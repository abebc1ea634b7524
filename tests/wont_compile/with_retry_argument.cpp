// expect: troupe: the function of with_retry takes nothing, or a troupe::context&

#include <troupe/with_retry.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::with_retry([](int x) { return x; }, tr::retry{.attempts = 2});
}
