// expect: troupe: this flow has no sink; end it with sink, collect, write_lines or ignore

#include <vector>

#include <caf/actor_system.hpp>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

tr::run wrong(caf::actor_system& sys) {
  return tr::start(sys, tr::from("numbers", std::vector{1, 2, 3})
                            | tr::map("double", [](int x) { return 2 * x; }));
}
