#include <troupe/error.hpp>

#include <array>
#include <cstddef>
#include <ostream>
#include <utility>

namespace troupe {

std::string_view to_string(errc code) noexcept {
  constexpr std::array names{
      "none",
      "breaker_open",
      "timed_out",
      "pool_full",
      "rate_limited",
      "cancelled",
      "deadline_exceeded",
      "stage_failed",
      "retries_exhausted",
      "worker_died",
      "closed",
      "quorum_unreachable",
      "overflow",
      "remote_lost",
      "already_started",
      "already_present",
      "start_failed",
      "not_found",
      "still_running",
      "restarting",
  };
  const auto i = static_cast<std::size_t>(code);
  return i < names.size() ? names.at(i) : "unknown";
}

error::error(errc code, std::string stage, std::string message)
    : code_(code), stage_(std::move(stage)), message_(std::move(message)) {}

error error::with_stage(std::string stage) && {
  stage_ = std::move(stage);
  return std::move(*this);
}

error error::with_retry_after(time_span d) && {
  retry_after_ = d;
  return std::move(*this);
}

error error::with_attempts(int n) && {
  attempts_ = n;
  return std::move(*this);
}

std::string to_string(const error& e) {
  std::string text;
  if (!e.stage().empty())
    text += "stage \"" + e.stage() + "\": ";
  if (!e.message().empty())
    text += e.message() + " ";
  return text + "(" + std::string{to_string(e.code())} + ")";
}

std::ostream& operator<<(std::ostream& out, const error& e) { return out << to_string(e); }

} // namespace troupe
