// expect: troupe: what the function of a tap answers is ignored, also an error

#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::tap("check", [](int) { return tr::result<void>{}; }) | tr::ignore("end");
}
