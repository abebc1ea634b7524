// expect: troupe: the function of this call does not take the request and return the response

#include <string>

#include <troupe/call.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::call<std::string, int>("double", [](int x) { return 2 * x; });
}
