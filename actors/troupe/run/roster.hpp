#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include <caf/actor.hpp>

namespace troupe::detail {

/// The actors of a run, for those outside who ask: the run's handle and tests. Once the run is over
/// it keeps none of them, and so no thread; the workers' places are still there, and empty.
class roster {
public:
  using actors = std::vector<caf::actor>;

  /// `all`: those that the run begins with. `workers`: of them, who runs the function
  /// of each stage.
  roster(caf::actor supervisor, actors all, std::vector<actors> workers)
      : supervisor_(std::move(supervisor)), all_(std::move(all)), workers_(std::move(workers)) {}

  caf::actor supervisor() const {
    const std::lock_guard lock{mutex_};
    return supervisor_;
  }
  actors all() const {
    const std::lock_guard lock{mutex_};
    return all_;
  }
  actors workers(std::size_t stage) const {
    const std::lock_guard lock{mutex_};
    return stage < workers_.size() ? workers_[stage] : actors{};
  }
  void set(std::size_t stage, actors workers) {
    const std::lock_guard lock{mutex_};
    workers_[stage] = std::move(workers);
  }
  void clear() {
    caf::actor supervisor;
    actors all;
    std::vector<actors> workers;
    const std::lock_guard lock{mutex_};
    supervisor.swap(supervisor_);
    all.swap(all_);
    for (auto& w : workers_)
      workers.push_back(std::exchange(w, actors(w.size())));
  }

private:
  mutable std::mutex mutex_;
  caf::actor supervisor_;
  actors all_;
  std::vector<actors> workers_;
};

} // namespace troupe::detail
