// expect: troupe: an item's destructor must not throw: nobody could tell what is left

#include <optional>

#include <troupe/producer_consumer.hpp>

namespace tr = troupe;

struct bomb {
  ~bomb() noexcept(false) { throw 1; }
};

auto wrong() {
  return tr::produce<bomb>("bombs", [] { return std::optional<bomb>{}; });
}
