#pragma once

#include <mutex>
#include <optional>

#include <troupe/error.hpp>
#include <troupe/policy/restart_intensity.hpp>

namespace troupe::detail {

/// Whether a stage with this intensity keeps its function whatever that throws.
bool is_never(const restart_intensity& i) noexcept;

/// How often the function of a stage has crashed, in all its workers together. Thread-safe.
class crash_record {
public:
  explicit crash_record(restart_intensity i);
  crash_record(const crash_record&) = delete;
  crash_record& operator=(const crash_record&) = delete;

  /// Whether a function that throws is made anew.
  bool restarts() const noexcept { return restarts_; }
  /// Notes a crash. Empty: the function may be made anew; else why the stage gives up.
  std::optional<error> note(const error& reason, time_point now);

private:
  const bool restarts_;
  std::mutex mutex_;
  restart_intensity intensity_;
};

} // namespace troupe::detail
