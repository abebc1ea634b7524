// expect: troupe: the open branches of this junction hand on different item types; map them to one

#include <string>
#include <vector>

#include <troupe/broadcast.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  const auto twice = [](int x) { return 2 * x; };
  const auto print = [](int x) { return std::to_string(x); };
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::broadcast("both", tr::map("a", twice), tr::map("b", print)) | tr::fan_in("all")
         | tr::ignore("end");
}
