#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include <troupe/time_span.hpp>

namespace troupe {

/// Why something was refused or failed; one value per kind of refusal.
enum class errc {
  none,
  breaker_open,
  timed_out,
  pool_full,
  rate_limited,
  cancelled,
  deadline_exceeded,
  stage_failed,
  retries_exhausted,
  worker_died,
  closed,
  quorum_unreachable,
  overflow,
  remote_lost,
  already_started, ///< a child of that name runs
  already_present, ///< a child of that name is kept, and does not run
  start_failed,    ///< of a child
  not_found,       ///< there is no such child
  still_running,   ///< the child is to be terminated first
  restarting,      ///< the supervisor is about to start the child again
};

/// The name of `code` as it is written in code, e.g. "timed_out".
std::string_view to_string(errc code) noexcept;

/// A run-time failure as a value: what happened, in which stage, and what the caller may do.
///
/// Units:  `retry_after` is zero where waiting does not help; `attempts` counts the first try.
class error {
public:
  error() = default;
  error(errc code, std::string stage = {}, std::string message = {});

  errc code() const noexcept { return code_; }
  const std::string& stage() const noexcept { return stage_; }
  const std::string& message() const noexcept { return message_; }
  duration retry_after() const noexcept { return retry_after_; }
  int attempts() const noexcept { return attempts_; }

  error with_stage(std::string stage) &&;
  error with_retry_after(time_span d) &&;
  error with_attempts(int n) &&;

  friend bool operator==(const error&, const error&) = default;

private:
  errc code_ = errc::none;
  std::string stage_;
  std::string message_;
  duration retry_after_{};
  int attempts_ = 0;
};

/// `stage "parse": item 17: not a number (stage_failed)`
std::string to_string(const error& e);
std::ostream& operator<<(std::ostream& out, const error& e);

} // namespace troupe
