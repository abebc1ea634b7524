// Uses the installed package: something compiled, something generic, and CAF behind it.

#include <iostream>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <troupe/error.hpp>
#include <troupe/result.hpp>

int main() {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  const troupe::result<int> r = troupe::fail(troupe::errc::timed_out, "no answer");
  std::cout << r.error() << '\n';
  return troupe::to_string(r.error().code()) == "timed_out" ? 0 : 1;
}
