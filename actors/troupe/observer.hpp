#pragma once

#include <memory>

#include <troupe/metrics.hpp>

namespace troupe {

/// A run as its observers see it: numbers to read, nothing to change.
class observable {
public:
  virtual ~observable() = default;

  /// Reads the run's counters where they stand; costs the run nothing. Callable from any thread.
  virtual graph_sample sample() const = 0;

  /// Whether the run is over; its samples do not change any more.
  virtual bool ended() const = 0;
};

/// Whoever wants to watch runs: `start(sys, flow, watch)` hands it each run that starts.
class observer {
public:
  virtual ~observer() = default;
  virtual void watch(std::shared_ptr<const observable> run) = 0;
};

} // namespace troupe
