#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include <caf/actor.hpp>

namespace troupe::detail {

/// Who runs the function of each stage, for those outside who ask: the run's handle and tests.
class roster {
public:
  explicit roster(std::vector<std::vector<caf::actor>> workers) : workers_(std::move(workers)) {}

  std::vector<caf::actor> workers(std::size_t stage) const {
    const std::lock_guard lock{mutex_};
    return workers_[stage];
  }
  void set(std::size_t stage, std::vector<caf::actor> workers) {
    const std::lock_guard lock{mutex_};
    workers_[stage] = std::move(workers);
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::vector<caf::actor>> workers_;
};

} // namespace troupe::detail
