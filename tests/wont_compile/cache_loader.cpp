// expect: troupe: the loader of a cache must take the key and return the cache's value

#include <string>

#include <troupe/cache.hpp>

namespace tr = troupe;

auto wrong(tr::cache<int, int>& c) {
  return c.get_or_load(1, [](int) { return std::string{"not a number"}; });
}
