#include <troupe/detail/pool_core.hpp>

namespace troupe::detail {

std::string queue_name(const std::string& pool) { return pool + ".queue"; }

pool_run::pool_run(caf::actor_system& sys, std::string name, run r)
    : system_(&sys), name_(std::move(name)), run_(std::move(r)) {}

pool_run::~pool_run() {
  // Waiting for itself, a worker would wait for ever.
  if (service_thread::inside())
    drain_unattended(std::move(run_));
}

report pool_run::drain(duration limit) {
  if (service_thread::inside())
    throw std::logic_error("service \"" + name_
                           + "\": drain waits for the workers, and is called "
                             "by one of a service");
  return run_.drain(limit);
}

stage_metrics pool_run::metrics() const {
  auto all = run_.metrics(name_);
  const auto queue = run_.metrics(queue_name(name_));
  auto& c = all.counters;
  const auto& q = queue.counters;
  // Together they are one stage: what came to the queue came to the service.
  const auto on_the_way = q.emitted - c.received;
  c.received = q.received;
  c.shed += q.shed;
  c.dropped += q.dropped;
  c.abandoned += q.abandoned;
  c.in_flight += q.in_flight + on_the_way;
  all.mailbox_depth = q.in_flight + on_the_way;
  return all;
}

} // namespace troupe::detail
