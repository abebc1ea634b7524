// expect: troupe: a fan_in is missing; lanes must be merged by fan_in and end in a sink

#include <vector>

#include <troupe/fan_out.hpp>
#include <troupe/producer_consumer.hpp>
#include <troupe/run.hpp>

namespace tr = troupe;

void wrong(caf::actor_system& sys) {
  const auto open = tr::from("numbers", std::vector{1, 2, 3})
                    | tr::fan_out("double", [](int x) { return 2 * x; }, {.workers = 2});
  auto r = tr::start(sys, open);
}
