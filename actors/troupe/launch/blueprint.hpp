#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/detail/refusal.hpp>
#include <troupe/kernel/kernel.hpp>
#include <troupe/launch/name_table.hpp>
#include <troupe/link/batch.hpp>
#include <troupe/metrics.hpp>
#include <troupe/on_error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/demand_ledger.hpp>
#include <troupe/policy/dispatcher.hpp>
#include <troupe/policy/restart_intensity.hpp>
#include <troupe/run/stage_controls.hpp>

namespace troupe::detail {

class dispatch_kernel;
class merge_kernel;
class order_check;
struct node;
using node_ptr = std::shared_ptr<const node>;

/// Where the rest of a flow is attached.
struct open_end {
  node_ptr node;
  std::uint32_t branch = 0; ///< of a node with several outputs
};

/// Sinks besides the last one; null: none.
using sink_list = std::shared_ptr<const std::vector<node_ptr>>;

/// What a flow consists of, by its ends: everything else is upstream of them.
struct ends {
  open_end last; ///< of a closed flow: a sink
  sink_list closed = {};
  name_table names = {}; ///< of all nodes
};

/// split: one input, several branches. join: several inputs, one output.
enum class role { source, stage, sink, split, join };
/// How the input of a stage with several workers is dealt out.
enum class dealing { by_rule, by_key };
/// What becomes of the inputs of a join.
enum class joining { as_they_come, in_order, by_item };

/// What is known of a source.
struct source_part {
  std::function<std::unique_ptr<source_kernel>(std::size_t producer, caf::actor_system&)> make;
  bool reads_input = false; ///< it may wait for a descriptor
};

/// Of a stage that is a pool of workers.
struct pool_part {
  count max_workers = 1; ///< where that is more than `workers`, their number follows the load
  duration wait_target{};
  duration cooldown{};
  bool replaces = false;  ///< a worker that dies is replaced
  bool resizable = false; ///< has a distributor, and a merger, also for one worker
};

/// How what comes in is dealt out: to the workers of a stage, or to the branches of a split.
struct dealing_part {
  dispatcher::rule to = dispatcher::rule::least_loaded;
  std::vector<std::size_t> weights;
  dealing how = dealing::by_rule;
  /// For a split, and where single items are dealt out to workers.
  std::function<std::unique_ptr<dispatch_kernel>()> make;
  bool lanes = false; ///< what its workers make is left to the join behind it
};

/// What a join does.
struct joining_part {
  joining how = joining::as_they_come;
  std::vector<std::size_t> weights;
  std::function<std::unique_ptr<merge_kernel>()> make;
  const node* restores = nullptr; ///< the split whose order this join restores
  bool sees_all = false;          ///< it waits until every input shows an item
  bool overtakes = false;         ///< some items overtake others
  std::function<std::unique_ptr<order_check>()> make_check; ///< of what a join in order hands on
};

/// A named part of a flow before it runs: all that is needed to spawn its actors, and nothing that
/// changes, so that it can be shared by flows and started many times.
struct node {
  std::string name;
  detail::role role = role::stage;
  std::string_view what; ///< "stage", "map", "filter", … for the reader of a topology
  std::string how;       ///< the strategy of a junction, for the same
  pattern_kind kind = pattern_kind::pipeline;
  count workers = 1;
  count buffer = default_buffer; ///< items on the edge into it; for a source, on the one out of it
  std::size_t holds = 0;         ///< items that its function may keep beyond the edges
  batch_size batch = automatic;
  emit order = emit::in_order;
  troupe::thread thread = troupe::thread::shared;
  troupe::on_error on_error = troupe::on_error::stop;
  restart_intensity intensity = restart_intensity::never();
  bool answers_each = false; ///< what results from an item leaves before the next one is begun
  bool paced = false;        ///< has a rate and a burst, which can be changed
  item_type output;          ///< unset for a sink
  std::function<std::unique_ptr<kernel>(caf::actor_system&)> make_kernel;
  /// Instead of `make_kernel`, for the run of that name.
  std::function<shared_kit(caf::actor_system&, const std::string& run)> make_kit;
  source_part source;
  pool_part pool;
  dealing_part deal;
  joining_part join;

  std::vector<open_end> upstreams;

  std::size_t most_workers() const noexcept {
    return std::max<std::size_t>(workers, pool.max_workers);
  }
  bool passes_on() const noexcept { return role == role::join && join.how != joining::by_item; }

  node() = default;
  node(node&&) = default;
  node(const node&) = default;
  node& operator=(node&&) = default;
  node& operator=(const node&) = default;
  ~node();
};

/// All nodes of a flow, each once, upstream before downstream.
std::vector<node_ptr> in_flow_order(const ends& e);

/// Adds `next` behind the open end of `e`. Errors: std::invalid_argument for a name that is empty
/// or taken, an option out of range, or a flow that has no source yet.
ends append(const ends& e, node next);
/// Begins a flow. Errors: as `append`.
ends begin(node source);
/// Adds `next` behind all of these, which may be branches of one split. Errors: as `append`.
ends join(const std::vector<ends>& parts, node next);
/// The same flows, none sharing a node with another: what is used again is made anew, as "name#2".
std::vector<ends> independent(const std::vector<ends>& parts);
/// Several closed flows as one.
ends unite(const std::vector<ends>& parts);
/// What `part` consists of belongs to the flow `to` as well, and `closes`: its last node is a sink.
/// Errors: std::invalid_argument for a name that both have.
void add_part(ends& to, const ends& part, bool closes);

/// `stage "parse": parallel = 0, needs at least 1`
/// Refuses less than 1 and more than `most`.
void check_count(std::string_view what, const std::string& name, std::string_view option,
                 count given, long long most = largest_count);

[[noreturn]] void refuse(std::string_view what, const std::string& name, std::string_view option,
                         const std::string& value, std::string_view valid);
/// Its name is taken.
[[noreturn]] void refuse_name(const node& n);

} // namespace troupe::detail
