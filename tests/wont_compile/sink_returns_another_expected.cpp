// expect: troupe: what the function of this sink answers would be ignored

#include <tl/expected.hpp>
#include <vector>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

struct failure {};

auto wrong() {
  return tr::from("numbers", std::vector{1, 2, 3})
         | tr::sink("store", [](int) { return tl::expected<void, failure>{}; });
}
