#include <troupe/worker_pool.hpp>

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr long long most_workers = 10'000;
constexpr long long most_waiting
    = 1'000'000'000'000; // with the workers it is still an edge's buffer

void check_range(const std::string& name, const worker_range& r) {
  check_count("worker_pool", name, "workers.min", r.min, most_workers);
  if (r.max.value() < r.min.value())
    refuse("worker_pool", name, "workers.max", std::to_string(r.max.value()),
           "at least workers.min (" + std::to_string(r.min.value()) + ")");
  check_count("worker_pool", name, "workers.max", r.max, most_workers);
}

} // namespace

node pool_node(std::string name, const pool_options& o) {
  check_range(name, o.workers);
  check_count("worker_pool", name, "queue", o.queue, most_waiting);
  if (o.wait_target < duration::zero() || o.cooldown < duration::zero())
    refuse("worker_pool", name, o.cooldown < duration::zero() ? "cooldown" : "wait_target",
           "a negative duration", "0 or more");
  (void)full_of("worker_pool", name, o.overflow);
  auto n = stage_node(std::move(name), "worker_pool",
                      {.parallel = o.workers.min,
                       .buffer = o.queue,
                       .on_error = o.on_error,
                       .intensity = o.intensity,
                       .thread = o.thread});
  n.kind = pattern_kind::worker_pool;
  n.pool.max_workers = o.workers.max;
  n.pool.wait_target = o.wait_target;
  n.pool.cooldown = o.cooldown;
  n.pool.replaces = true;
  n.pool.resizable = true;
  return n;
}

node served_pool_node(std::string name, const pool_options& o) {
  auto n = pool_node(std::move(name), o);
  n.role = role::sink;
  n.buffer = most_calls(o);
  // In a batch that fast calls have made large, a slow call would hold up those behind it, and the
  // next batch would fill while other workers have nothing to do.
  n.batch = 1;
  if (o.on_error.retries() != nullptr) {
    n.on_error = o.on_error.chosen() == on_error::action::dead_letter
                     ? o.on_error
                     : on_error::retry(*o.on_error.retries(), on_error::skip);
  }
  return n;
}

node pool_queue_node(const std::string& name, const pool_options& o) {
  node n;
  n.name = queue_name(name);
  n.role = role::source;
  n.what = "inbox";
  n.kind = pattern_kind::worker_pool;
  n.buffer = most_calls(o);
  return n;
}

std::size_t most_calls(const pool_options& o) {
  return std::size_t{o.queue} + std::max<std::size_t>(o.workers.min, o.workers.max);
}

std::shared_ptr<door> pool_door(caf::actor_system& sys, std::shared_ptr<run_state> state,
                                const pool_options& o) {
  // The pool is the second of its run's two stages.
  auto capacity = [state = std::move(state), queue = std::size_t{o.queue}] {
    return queue + state->crew(1).workers.load(std::memory_order_relaxed);
  };
  return std::make_shared<door>(sys, std::move(capacity), o.limit);
}

} // namespace troupe::detail
