#include <troupe/service_of.hpp>

namespace troupe::detail {

void check(const actor_service_options& o) {
  if (o.max_in_flight.value() < 1)
    refuse("service_of", o.name, "max_in_flight", std::to_string(o.max_in_flight.value()),
           "at least 1");
  if (o.timeout < duration::zero())
    refuse("service_of", o.name, "timeout", "a negative duration", "0 (none) or more");
  const auto full = o.overflow.what();
  if (full != overflow::action::backpressure && full != overflow::action::shed)
    refuse("service_of", o.name, "overflow", "another",
           "backpressure or shed: a call that was let in is answered");
}

node asking_node(const actor_service_options& o) {
  return asking_node(o.name, {.parallel = o.max_in_flight, .on_error = o.on_error});
}

asked_setup setup_of(const actor_service_options& o, const run_options& run) {
  return {o.name,  o.max_in_flight, o.timeout, o.overflow.what() == overflow::action::backpressure,
          run.ctx, run.drain_limit};
}

} // namespace troupe::detail
