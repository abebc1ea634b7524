#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <troupe/error.hpp>
#include <troupe/phase.hpp>
#include <troupe/policy/circuit_breaker.hpp>
#include <troupe/policy/histogram.hpp>

namespace troupe {

/// What became of a stage's items.
///
/// For a stage they count its inputs, for a source what it made, and always
/// `received = delivered + filtered + dropped + shed + failed + abandoned + in_flight`;
/// `emitted` counts outputs: on every edge, upstream's `emitted` is downstream's `received` plus
/// what is on the edge.
struct counters {
  std::uint64_t received = 0;
  std::uint64_t emitted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t filtered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t shed = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t abandoned = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t restarts = 0;

  friend bool operator==(const counters&, const counters&) = default;
  counters& operator+=(const counters& other) noexcept;

  /// Whether the accounting identity holds.
  bool balanced() const noexcept {
    return received == delivered + filtered + dropped + shed + failed + abandoned + in_flight;
  }
};

/// Which pattern a running stage plays.
enum class pattern_kind {
  producer_consumer,
  fan_out,
  fan_in,
  pipeline,
  worker_pool,
  rate_limiter,
  circuit_breaker,
  scatter_gather,
};
std::string_view to_string(pattern_kind kind) noexcept;

struct latency_stats {
  duration mean{};
  duration p50{};
  duration p90{};
  duration p99{};
  duration max{};
};

/// A stage over a span of time; `counters` are totals since the start.
///
/// A call that has not returned counts: the worker is busy, the item in flight, and the time so far
/// is part of `latency` as soon as it is more than any finished call of the span has taken.
struct stage_metrics {
  std::string name{};
  troupe::counters counters{};
  double throughput = 0;           ///< inputs finished per second
  double error_rate = 0;           ///< failed / finished, 0..1
  double utilization = 0;          ///< busy time / (workers x time), 0..1
  std::uint64_t mailbox_depth = 0; ///< items sent to the stage and not yet taken up
  double buffer_fill = 0;          ///< mailbox_depth / buffer, 0..1
  latency_stats latency{};         ///< time in the stage's function, per item
  latency_stats wait{};            ///< time from being sent to being taken up, per item
  std::size_t workers = 0;         ///< actors that run the stage's function
  pattern_kind kind = pattern_kind::pipeline;
  std::optional<breaker_state> breaker{}; ///< of a call with a circuit_breaker: the outermost
};

struct graph_metrics {
  std::string name{};                  ///< of the run, if it was given one
  std::vector<stage_metrics> stages{}; ///< in flow order
  std::uint64_t actors = 0;            ///< alive now
  std::uint64_t memory = 0;            ///< resident bytes of the process
  double cpu = 0;                      ///< processor seconds per second, 1 = one core
  std::uint64_t memory_limit = 0;      ///< of the process's control group; 0: none
  double memory_share = 0;             ///< memory / that limit, or the machine's memory; 0..1
  double cpu_limit = 0;                ///< of the process's control group, as `cpu`; 0: none
  double cpu_share = 0;                ///< cpu / that limit, or the cores; 0..1
};

/// `parse: 1200 items/s, 4800 received, 3 failed, 4 workers 62 % busy, buffer 5 % full (51 items),
/// …`: one line, without its end; what there is nothing of is left out. A graph: its name, if it
/// has one, a line for each stage, and one for the process.
std::ostream& operator<<(std::ostream& out, const stage_metrics& m);
std::ostream& operator<<(std::ostream& out, const graph_metrics& m);

/// An edge into a stage, at an instant.
struct input_sample {
  std::size_t from = 0;      ///< index of the stage that feeds it
  std::uint64_t waiting = 0; ///< items on it; a join takes up at once what comes
  std::size_t capacity = 0;  ///< items that it may hold
};

/// Totals of one stage at an instant; two of them give a `stage_metrics`.
struct stage_sample {
  std::string name{};
  pattern_kind kind = pattern_kind::pipeline;
  counters totals{};
  duration busy{};
  histogram latency{};
  histogram wait{};
  std::size_t workers = 0;
  std::size_t capacity = 0; ///< items that the edge into the stage may hold
  std::uint64_t mailbox_depth = 0;
  std::optional<breaker_state> breaker{};
  std::vector<duration> running{};           ///< the time so far of each call that has not returned
  std::vector<actor_sample> actors{};        ///< those that run its function
  std::vector<input_sample> inputs{};        ///< empty: a source
  std::string_view what{};                   ///< "stage", "rate_limit", "outbox", …
  bool passes_on = false;                    ///< a join that holds nothing of its own
  std::optional<time_point> breaker_until{}; ///< an open breaker lets a trial in then
};

/// Totals of a whole run at an instant.
struct graph_sample {
  std::string name{}; ///< of the run, if it was given one
  time_point at{};
  std::vector<stage_sample> stages{};
  std::uint64_t actors = 0;
  std::uint64_t memory = 0;         ///< resident bytes of the process
  duration cpu{};                   ///< processor time that the process has used
  std::uint64_t memory_limit = 0;   ///< of the process's control group; 0: none
  std::uint64_t machine_memory = 0; ///< 0: unknown
  double cpu_limit = 0;             ///< processor seconds per second; 0: none
  std::size_t cores = 0;            ///< that the process may run on; 0: unknown
};

/// What happened between two samples of one run; stages are matched by name.
///
/// For "since the start", `earlier` is `graph_sample{.at = start, .cpu = cpu_at_start}`: no stages,
/// and all totals count. Where `earlier.cpu` is zero it was not taken, and `cpu` stays 0. Without a
/// span (`later.at <= earlier.at`) rates are 0.
graph_metrics metrics_between(const graph_sample& earlier, const graph_sample& later);

/// Resident memory and processor time of this process, read from the kernel, and what it may have
/// of the machine, as in graph_sample: that is looked up again every 10 s.
struct process_usage {
  std::uint64_t memory = 0;
  duration cpu{};
  std::uint64_t memory_limit = 0;
  std::uint64_t machine_memory = 0;
  double cpu_limit = 0;
  std::size_t cores = 0;
};
process_usage read_process_usage();

namespace detail {
/// Puts it into a sample.
void add_usage(graph_sample& sample, const process_usage& usage) noexcept;
} // namespace detail

} // namespace troupe
