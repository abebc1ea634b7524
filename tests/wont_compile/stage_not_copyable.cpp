// expect: troupe: a stage's function must be copyable: each run and each parallel actor gets a copy

#include <memory>
#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::stage("add", [more = std::make_unique<int>(1)](int x) { return x + *more; })
         | tr::ignore("end");
}
