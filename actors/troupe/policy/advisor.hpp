#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <troupe/metrics.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/recommendation.hpp>

namespace troupe {

/// How a stage can get another number of workers.
enum class resizing {
  never,    ///< it is a source, a junction, or keeps a state
  not_now,  ///< it could, and is to be left alone
  anew,     ///< by composing the flow with more
  parallel, ///< while it runs, by `settings::parallel`
  workers,  ///< while it runs, by `settings::workers`
};

/// What is known of a stage besides its numbers.
struct stage_form {
  std::string name{};
  std::vector<std::size_t> inputs{}; ///< indexes of the stages that feed it; empty: a source
  resizing resized = resizing::never;
  troupe::thread thread = troupe::thread::shared;
  batch_size batch = automatic;
  std::size_t item_bytes = 0; ///< of an item that waits for it, without what that owns elsewhere
  std::string how{}; ///< how it deals out or merges: "by_key", "in_order"; empty: it does neither
};

/// How far recommendations may go.
struct advisor_bounds {
  count most_workers = 64;  ///< of a stage
  count threads = 0;        ///< of the scheduler; 0: as many as there are
  double cores = 0;         ///< processors that the process may use; 0: no bound
  std::uint64_t memory = 0; ///< resident bytes of the process; 0: no bound
};

/// Says from two samples of a running flow what limits it and what to change.
///
/// ```
/// advisor helps{forms, {.most_workers = 16}};
/// const advice a = helps.advise(earlier, later);
/// a.limit.stage;   // "ledger"
/// std::cout << a;  // 9 ledger: workers = 5 instead of 1: in its function 100 % of the time, …
/// ```
///
/// Shape:  a plain value, no clock. A worker's true rate is what it does in a second of *time spent
///         working*; from the sources' rate and what each stage makes of an item follow the rate at
///         each stage, and how many workers it takes. A source that is held back counts with its
///         own true rate; what one could give that only hands on what comes to it does not show,
///         and is taken to be four times as much, and looked at again. For each pattern_kind there
///         is one optimizer.
/// Bound:  five recommendations for each stage.
/// Units:  workers are asked for at `busy_at_most` of their time. A gain below `worth_it` is none:
///         nothing is recommended again and again for what measurements differ by.
/// Errors: std::invalid_argument from the constructor for a bound out of range. What the samples do
///         not show (no item was finished, or there is no time between them) is not judged.
/// Source: DS2 (Kalavri et al., OSDI 2018).
class advisor {
public:
  static constexpr double busy_at_most = 0.9;
  static constexpr double worth_it = 0.05;

  explicit advisor(std::vector<stage_form> forms, advisor_bounds bounds = {});

  advice advise(const graph_sample& earlier, const graph_sample& later) const;
  /// The first and the last one count; from those between them is seen who waits how often.
  advice advise(std::span<const graph_sample> samples) const;

  /// Items a second that the sources gave between the first sample and the last, or less where
  /// these did not come through yet.
  double throughput(std::span<const graph_sample> samples) const;
  /// Whether the sources had to wait for the flow.
  bool held_back(std::span<const graph_sample> samples) const;

private:
  std::vector<stage_form> forms_;
  advisor_bounds bounds_;
};

} // namespace troupe
