#include <troupe/pool/pool_core.hpp>

namespace troupe::detail {

std::string queue_name(const std::string& pool) { return pool + ".queue"; }

pool_run::pool_run(caf::actor_system& sys, std::string name, run r, duration drain_limit)
    : system_(&sys), name_(std::move(name)), run_(std::move(r)), drain_limit_(drain_limit) {}

pool_run::~pool_run() { drain_unattended(std::move(run_), drain_limit_); }

report pool_run::drain(duration limit) { return run_.drain(limit); }

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
