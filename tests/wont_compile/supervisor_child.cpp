// expect: troupe: a child of a supervisor is a function of caf::event_based_actor* that returns a
// caf::behavior, a function of caf::actor_system& that returns an actor, or a supervisor_spec
#include <troupe/supervisor.hpp>

void wrong(troupe::supervisor& sup) {
  sup.add("cache", [](int x) { return x; });
}
