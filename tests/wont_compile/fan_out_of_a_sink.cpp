// expect: troupe: the workers of a fan_out must hand something on; use a sink with consumers

#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::fan_out("all", tr::sink("store", [](int) {})) | tr::fan_in("none")
         | tr::ignore("end");
}
