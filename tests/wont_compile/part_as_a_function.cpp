// expect: troupe: this is a part of a flow where a function is needed; write it into the flow
// itself

#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::map("twice", tr::call("call", [](int x) { return x; })) | tr::ignore("end");
}
