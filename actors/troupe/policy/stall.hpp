#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/metrics.hpp>

namespace troupe {

/// Why others wait for a stage.
enum class stall_cause {
  in_function,   ///< it is in its function
  paused,        ///< by hand
  retrying,      ///< an item waits for its next attempt
  rate,          ///< it passes on what its rate lets in
  breaker_open,  ///< its circuit breaker lets nothing in
  silent_source, ///< a source with nothing to give
  unread,        ///< an outbox that nobody reads
  asks,          ///< it waits for the answer of another run
};
std::string_view to_string(stall_cause cause) noexcept;

/// Who waits for whom in a graph, at an instant, and for whom all of them wait.
///
/// ```
/// const stall s = stall_in(sample);
/// s.roots.front().stage;   // "ledger"
/// to_string(s);            // receipts waits for ledger: its buffer of 1,024 is full for 4.2 s; …
/// ```
///
/// Shape:  graph_sample -> stall; a root is waited for, and waits for nobody.
/// Bound:  one wait for each edge, one root for each stage.
/// Units:  spans end at the sample's own time.
struct stall {
  enum class need {
    room, ///< the edge between them is full
    item, ///< the edge between them is empty
  };
  /// `who` waits for `whom`; both are names of stages.
  struct wait {
    std::string who{};
    std::string whom{};
    need what = need::room;
    std::size_t capacity = 0; ///< of the edge between them
    duration lasts{};
  };
  struct root {
    std::string stage{};
    stall_cause cause = stall_cause::in_function;
    duration lasts{};
    std::optional<duration> more{}; ///< until it goes on, where that is known
    std::uint64_t first_item = 0;   ///< in_function: it is at one of these items
    std::uint64_t last_item = 0;
    std::string asks{}; ///< asks: whose answer it waits for

    /// Whether the graph is as it should be: held up by hand, by its rate, or by no input.
    bool on_purpose() const noexcept;
  };

  std::vector<wait> waits{}; ///< in flow order
  std::vector<root> roots{}; ///< those that most stages wait for first

  /// The root that this stage waits for; nullptr: it waits for nobody.
  const root* root_of(std::string_view stage) const noexcept;
};

stall stall_in(const graph_sample& graph);
/// In sentences; "nothing waits" where that is so.
std::string to_string(const stall& s);

} // namespace troupe
