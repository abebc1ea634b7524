#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <caf/actor.hpp>

#include <troupe/launch/spawner.hpp>
#include <troupe/link/messages.hpp>
#include <troupe/policy/pool_resizer.hpp>

namespace troupe::detail {

/// The workers of one stage, as the run's supervisor looks after them.
///
/// Bound: as many actors as there ever were workers at once. One that is not needed is parked: it
///        gets nothing more to do and is the first to be needed again.
class crew {
public:
  crew(std::shared_ptr<spawner> makes, std::size_t stage, caf::actor distributor, caf::actor merger,
       std::vector<caf::actor> workers);

  std::size_t stage() const noexcept { return stage_; }
  const std::vector<caf::actor>& workers() const noexcept { return workers_; }
  std::size_t active() const noexcept { return active_; }
  bool has(const caf::actor& worker) const;

  /// Their number is to follow the load, between these bounds.
  void set_range(std::size_t min, std::size_t max);
  /// How many there should be now.
  std::size_t wanted(time_point now);
  /// When to look again: the number may have to change though nothing more happens.
  std::optional<duration> look_after() const;

  /// So many are to be active, or as many as there are threads and room for; the answer is those
  /// that had to be made.
  std::vector<caf::actor> resize(std::size_t n);
  /// A worker has died. The answer is the one that takes its place, where the stage replaces or the
  /// order of results demands it. Errors: std::system_error if there is no thread for it.
  std::optional<caf::actor> lose(const caf::actor& worker);
  bool is_empty() const noexcept { return workers_.empty(); }
  /// The distributor has ended: nobody would tell a further worker what to do, nor to end.
  void close();
  bool is_closed() const noexcept { return closed_; }
  void pause(bool paused);
  void release();

private:
  caf::actor make(metric_block* block);
  void tell(std::vector<caf::actor> added, caf::actor successor_of);

  std::shared_ptr<spawner> makes_;
  std::size_t stage_;
  caf::actor distributor_;
  caf::actor merger_;
  std::vector<caf::actor> workers_;
  std::vector<metric_block*> blocks_; ///< of the workers, in the same order
  std::size_t active_;
  std::size_t min_;
  std::optional<pool_resizer> resizer_;
  std::optional<edge_plan> plan_; ///< of the edge behind each, if it is not that of the start
  bool paused_ = false;
  bool closed_ = false;
};

} // namespace troupe::detail
