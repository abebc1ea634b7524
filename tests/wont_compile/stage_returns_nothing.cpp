// expect: troupe: the function of a stage must return a value; use sink or tap for one that returns

#include <vector>

#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

auto wrong(int& last) {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::stage("remember", [&last](int x) { last = x; }) | tr::ignore("end");
}
