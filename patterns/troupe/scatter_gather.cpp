#include <troupe/scatter_gather.hpp>

namespace troupe::detail {

actor_core_setup setup_of(const std::string& name, const gather_options& o, std::size_t services,
                          const run_options& run) {
  actor_core_setup s;
  s.name = name;
  s.kind = pattern_kind::scatter_gather;
  s.workers = services;
  s.most = o.in_flight;
  s.waits = false;
  s.ctx = run.ctx;
  s.drain_limit = run.drain_limit;
  s.run = run.name;
  return s;
}

} // namespace troupe::detail
