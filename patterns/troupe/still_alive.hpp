#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <caf/fwd.hpp>

#include <troupe/metrics.hpp>
#include <troupe/policy/stall.hpp>
#include <troupe/standing.hpp>

namespace troupe {

/// A run or a service that has actors at the moment.
struct live_run {
  std::string name{}; ///< where it has none, those of its first and last stage: `orders … ledger`
  troupe::standing standing = troupe::standing::running;
  std::uint64_t actors = 0; ///< that are left
  graph_sample sample{};
  stall waits{}; ///< who waits for whom

  /// Whether it was told to end, or there is nobody left who could tell it to.
  bool should_end() const noexcept { return standing != troupe::standing::running; }
};

/// In several lines: the run, each of its stages with what its actors do and its counters, and who
/// waits for whom.
std::string to_string(const live_run& r);
std::ostream& operator<<(std::ostream& out, const live_run& r);

/// Who has actors in this system, for who looks for what keeps a process from ending.
///
///     for (const auto& run : troupe::still_alive(sys))
///       if (run.should_end())
///         std::cerr << run << '\n';
///
/// Shape:  runs and services in the order in which they were started; of those that are over only
///         what has actors left. Supervisors and actors that are not of this library are not told.
/// Bound:  a sample of each.
/// Cost:   as `metrics()` for each of them; nothing when nobody asks. Callable from any thread, and
///         in an actor.
/// Errors: none.
std::vector<live_run> still_alive(caf::actor_system& sys);

} // namespace troupe
