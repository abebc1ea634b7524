// expect: troupe: call takes policies after the function: fallback, retry, hedge

#include <chrono>

#include <troupe/call.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call(
      "double", [](int x) { return 2 * x; }, std::chrono::seconds{1});
}
