// expect: troupe: the key of a cache must be copyable and hashable

#include <troupe/cache.hpp>

namespace tr = troupe;

struct place {
  int x, y;
};

tr::cache<place, int> wrong{{.capacity = 10}};
