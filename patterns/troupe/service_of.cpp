#include <troupe/service_of.hpp>

namespace troupe::detail {

void check(const actor_service_options& o) {
  check_count("service_of", o.name, "max_in_flight", o.max_in_flight, 1'000'000'000);
  if (o.timeout < duration::zero())
    refuse("service_of", o.name, "timeout", "a negative duration", "0 (none) or more");
  (void)full_of("service_of", o.name, o.overflow);
}

node service_node(const actor_service_options& o) {
  return service_node(o.name, {.parallel = o.max_in_flight, .on_error = o.on_error});
}

actor_core_setup setup_of(const actor_service_options& o, const run_options& run) {
  actor_core_setup s;
  s.name = o.name;
  s.workers = o.max_in_flight;
  s.most = o.max_in_flight;
  s.waits = full_of("service_of", o.name, o.overflow) == when_full::wait;
  s.ctx = run.ctx;
  s.drain_limit = run.drain_limit;
  s.run = run.name;
  return s;
}

} // namespace troupe::detail
