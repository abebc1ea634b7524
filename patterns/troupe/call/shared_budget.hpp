#pragma once

#include <mutex>

#include <troupe/policy/retry_budget.hpp>

namespace troupe::detail {

/// The budget of all that make one call.
class shared_budget {
public:
  explicit shared_budget(double share) : budget_(share) {}

  /// Before it is used.
  void set_share(double share) {
    const std::lock_guard lock{mutex_};
    budget_ = retry_budget{share};
  }

  void call(time_point now) {
    const std::lock_guard lock{mutex_};
    budget_.call(now);
  }
  /// Whether there may be another attempt.
  bool take(time_point now) {
    const std::lock_guard lock{mutex_};
    return budget_.take(now);
  }
  /// An attempt that was granted is over.
  void finished() {
    const std::lock_guard lock{mutex_};
    budget_.finished();
  }

private:
  std::mutex mutex_;
  retry_budget budget_;
};

} // namespace troupe::detail
