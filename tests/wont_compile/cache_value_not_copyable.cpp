// expect: troupe: the value of a cache must be copyable, since every caller gets a copy

#include <memory>

#include <troupe/cache.hpp>

namespace tr = troupe;

tr::cache<int, std::unique_ptr<int>> wrong{{.capacity = 10}};
