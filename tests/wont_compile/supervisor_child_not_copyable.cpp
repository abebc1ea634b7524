// expect: troupe: the function of a child must be copyable: each start gets its own copy
#include <memory>

#include <troupe/supervisor.hpp>

void wrong(troupe::supervisor& sup) {
  sup.add("cache", [p = std::make_unique<int>(1)](caf::event_based_actor*) -> caf::behavior {
    return {[v = *p](int) { return v; }};
  });
}
