// A user's shared object with a flow in it.
#include <vector>

#include <caf/actor_system.hpp>

#include <troupe/config.hpp>
#include <troupe/run.hpp>
#include <troupe/sinks.hpp>
#include <troupe/sources.hpp>

extern "C" int plugin() {
  troupe::config cfg;
  caf::actor_system sys{cfg};
  auto run = troupe::start(sys, troupe::from("n", std::vector{1, 2}) | troupe::ignore("end"));
  return run.wait().clean() ? 0 : 1;
}
