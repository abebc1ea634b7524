#include <troupe/call/pipe.hpp>

namespace troupe::detail {

namespace {

template <class P>
void check(const std::string& call, const P& p) {
  validate(p, "call \"" + call + "\": " + std::string{policy_layer<P>::word});
}

} // namespace

void check_policy(const std::string& call, const retry& p) { check(call, p); }
void check_policy(const std::string& call, const hedge& p) { check(call, p); }
void check_policy(const std::string& call, const circuit_breaker& p) { check(call, p); }
void check_policy(const std::string& call, const bulkhead& p) { check(call, p); }
void check_policy(const std::string& call, const timeout& p) { check(call, p); }

void check_policy(const std::string& call, const limit_policy& p) {
  const auto where = "call \"" + call + "\": rate_limit";
  check_limit(where, p.rate);
  check_limit(where, p.options.burst);
}

pattern_kind kind_of_call(std::initializer_list<pattern_kind> policies) {
  for (const auto kind : {pattern_kind::circuit_breaker, pattern_kind::rate_limiter})
    if (std::find(policies.begin(), policies.end(), kind) != policies.end())
      return kind;
  return pattern_kind::worker_pool;
}

node call_node(std::string name, const call_options& o, pattern_kind kind) {
  auto n = stage_node(std::move(name), "call",
                      {.parallel = o.workers,
                       .buffer = std::max(o.queue.value(), o.workers.value()),
                       .on_error = o.on_error,
                       .thread = thread::own});
  n.kind = kind;
  return n;
}

actor_core_setup setup_of(const std::string& name, const call_options& o, pattern_kind kind,
                          const run_options& run) {
  actor_core_setup s;
  s.name = name;
  s.kind = kind;
  s.workers = o.workers;
  s.own_threads = o.workers;
  s.most = o.queue + o.workers;
  s.waits = full_of("call", name, o.overflow) == when_full::wait;
  s.ctx = run.ctx;
  s.drain_limit = run.drain_limit;
  s.run = run.name;
  return s;
}

} // namespace troupe::detail
