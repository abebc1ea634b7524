// expect: troupe: the function of with_timeout takes nothing, or a troupe::context&

#include <chrono>

#include <troupe/with_timeout.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::with_timeout([](int x) { return x; }, std::chrono::seconds{1});
}
