#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <troupe/policy/advisor.hpp>

// What a running flow showed between samples, as the advisor looks at it.
namespace troupe::detail {

struct edge_view {
  std::size_t from = 0;
  double share = 1; ///< of what `from` emits
  double fill = 0;  ///< mean, 0..1; of this edge alone only where the samples tell
  std::size_t capacity = 0;
};

/// Counts and seconds are those of the span, shares are 0..1.
struct stage_view {
  std::string name;
  pattern_kind kind = pattern_kind::pipeline;
  resizing resized = resizing::never;
  bool own_thread = false;
  batch_size batch = automatic;
  std::size_t item_bytes = 0;
  std::string how;

  double finished = 0;
  double emitted = 0;
  double failed = 0;
  double shed = 0;
  double busy = 0; ///< seconds, of all workers together
  std::size_t workers = 1;
  std::size_t capacity = 0; ///< of the edges into it
  double fill = 0;          ///< of these, mean
  double depth = 0;         ///< items, mean
  double grown = 0;         ///< items that wait now and did not before
  double timed = 0;         ///< items whose latency is known
  double latency = 0;       ///< seconds, mean
  double wait = 0;          ///< seconds, mean
  bool breaker_open = false;

  bool has_phases = false; ///< else `held` and `idle` follow from how full the edges are
  double held = 0;         ///< share of the time that it is held back
  double idle = 0;         ///< share of the time that a worker has no input

  std::vector<edge_view> inputs;
  std::vector<std::size_t> outputs;

  bool is_source() const noexcept { return inputs.empty(); }
  bool is_sink() const noexcept { return outputs.empty(); }
};

struct flow_view {
  std::string run;
  double span = 0;
  double cpu = -1; ///< processor seconds a second; below 0: not known
  std::uint64_t memory = 0;
  std::vector<stage_view> stages; ///< in flow order

  /// Whether more than a moment's input waits for it, so that it is not for lack of any that it
  /// does no more than it does.
  bool is_full(std::size_t stage) const noexcept { return stages[stage].fill >= 0.5; }
  bool is_held(std::size_t stage) const noexcept {
    return stages[stage].held >= (stages[stage].is_source() ? 0.04 : 0.1);
  }
  /// Busy time / (workers x time).
  double utilization(std::size_t stage) const noexcept;
};

/// From the first of the samples to the last. Stages are matched by name, with each other and with
/// their forms.
flow_view view_of(std::span<const graph_sample> samples, const std::vector<stage_form>& forms);

} // namespace troupe::detail
