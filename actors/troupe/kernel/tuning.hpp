#pragma once

#include <mutex>
#include <optional>

#include <troupe/policy/rate.hpp>

namespace troupe::detail {

/// What can be changed of a rate limit while it runs; what is empty stays as it is.
struct tuning {
  std::optional<troupe::rate> rate = {};
  std::optional<amount> burst = {};
};

/// The changes that the worker of a stage has not taken yet: however many come, it gets one message
/// and the last of each value. Thread-safe.
class tuning_slot {
public:
  tuning_slot() = default;
  tuning_slot(const tuning_slot&) = delete;
  tuning_slot& operator=(const tuning_slot&) = delete;

  /// True: it was empty, so the worker must be told.
  bool put(const tuning& t);
  tuning take();

private:
  std::mutex mutex_;
  std::optional<tuning> waiting_;
};

} // namespace troupe::detail
