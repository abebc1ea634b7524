#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/detail/batch.hpp>
#include <troupe/detail/kernel.hpp>
#include <troupe/metrics.hpp>
#include <troupe/on_error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/demand_ledger.hpp>

namespace troupe::detail {

struct node;
using node_ptr = std::shared_ptr<const node>;

enum class role { source, stage, sink };

/// A named part of a flow before it runs: all that is needed to spawn its actors, and nothing that
/// changes, so that it can be shared by flows and started many times.
struct node {
  std::string name;
  detail::role role = role::stage;
  std::string_view what; ///< "stage", "map", "filter", … for the reader of a topology
  pattern_kind kind = pattern_kind::pipeline;
  count workers = 1;
  count buffer = 1024;   ///< items on the edge into it; for a source, on the one out of it
  std::size_t holds = 0; ///< items that its function may keep beyond the edges
  batch_size batch = automatic;
  emit order = emit::in_order;
  troupe::thread thread = troupe::thread::shared;
  troupe::on_error on_error = troupe::on_error::stop;
  item_type output; ///< unset for a sink
  std::function<std::unique_ptr<kernel>()> make_kernel;
  std::function<std::unique_ptr<source_kernel>(std::size_t producer, caf::actor_system&)>
      make_source;
  std::vector<node_ptr> upstreams;

  node() = default;
  node(node&&) = default;
  node(const node&) = default;
  node& operator=(node&&) = default;
  node& operator=(const node&) = default;
  ~node();
};

/// All nodes that lead to `last`, each once, upstream before downstream.
std::vector<node_ptr> in_flow_order(const node_ptr& last);

/// Adds `next` behind `upstream`. Errors: std::invalid_argument for a name that is empty or taken,
/// or an option out of range.
node_ptr append(const node_ptr& upstream, node next);
/// Begins a flow. Errors: as `append`.
node_ptr begin(node source);

/// How the edge from `from` to `to` is divided.
edge_plan plan_between(const node& from, const node& to);
/// The most items that this edge can hold.
std::size_t bound_between(const node& from, const node& to);

/// `stage "parse": parallel = 0, needs at least 1`
[[noreturn]] void refuse(std::string_view what, const std::string& name, std::string_view option,
                         const std::string& value, std::string_view valid);

} // namespace troupe::detail
