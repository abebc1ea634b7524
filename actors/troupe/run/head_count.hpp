#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

/// So many actors, and so many of them with a thread of their own.
struct head_count {
  std::size_t actors = 0;
  std::size_t own_threads = 0;

  friend bool operator==(const head_count&, const head_count&) = default;
  head_count& operator+=(head_count more) noexcept;
  head_count& operator-=(head_count fewer) noexcept;
};

/// Who asks for how many.
struct head_request {
  std::string who; ///< `start: stage "parse"`
  head_count heads;
};

/// How many there may be in an actor system; empty: any number.
struct head_limits {
  std::optional<std::size_t> most_actors;
  std::optional<std::size_t> most_own_threads;

  /// Why they cannot all come to those that are `there`, for the first who cannot; else empty.
  std::optional<std::string> refusal(const std::vector<head_request>& wanted,
                                     head_count there) const;
};

} // namespace troupe::detail
