#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/metrics.hpp>

namespace troupe {

/// Why others wait for a stage that waits for nobody.
enum class stall_cause {
  in_function,   ///< it is in its function
  asks,          ///< it waits for the answer of a service
  unread,        ///< an outbox that is full, and nobody receives
  breaker_open,  ///< its circuit breaker lets nothing through
  retrying,      ///< an item waits for its next attempt
  paused,        ///< by hand
  rate,          ///< it passes on what its rate lets in
  silent_source, ///< a source with nothing to give
};
std::string_view to_string(stall_cause cause) noexcept;

/// Who waits for whom in a graph, at an instant, and whom all of them wait for.
///
/// ```
/// const stall s = stall_in(sample);
/// s.roots.front().stage;   // "ledger"
/// to_string(s);            // "receipts waits for ledger: its buffer of 1,024 is full; …"
/// ```
///
/// Shape:  graph_sample -> stall. Also a flow that moves has one: what it then shows is who
///         determines the pace. Whether it stands still, two samples tell.
/// Bound:  one wait for each edge, one root for each stage.
/// Units:  `lasts` ends at the sample's own time.
struct stall {
  enum class need {
    room, ///< what it has finds no room there
    item, ///< nothing comes from there
  };
  /// `who` waits for `whom`, both names of stages.
  struct wait {
    std::string who{};
    std::string whom{};
    need what = need::room;
    std::size_t capacity = 0; ///< of the edge between them
    duration lasts{};
  };
  /// A stage that is waited for, and waits for nobody.
  struct root {
    std::string stage{};
    stall_cause cause = stall_cause::in_function;
    duration lasts{};
    std::optional<duration> more{}; ///< until it goes on, where that is known
    std::uint64_t first_item = 0;   ///< it is at one of these
    std::uint64_t last_item = 0;
    std::size_t waiting = 0; ///< stages that wait for it, directly or not

    /// Whether all is as somebody wants it: paused, limited by a rate, or nothing to do.
    bool intended() const noexcept { return cause >= stall_cause::paused; }
  };

  std::vector<wait> waits{}; ///< in flow order
  std::vector<root> roots{}; ///< what is not intended first, then by how many wait, and how long
};

stall stall_in(const graph_sample& graph);

/// A sentence for each wait and each root; "nothing waits" where that is so.
std::string to_string(const stall& s);

} // namespace troupe
