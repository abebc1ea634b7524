#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace log_analytics {

/// A point in time as a person writes it, and how much of time it names: a day, minute, second.
struct moment {
  std::int64_t second = 0; // since 1970: UTC if it is zoned, else as written in the log
  std::int64_t length = 0;
  bool zoned = false;
};

/// Reads YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS], each with Z or +hh:mm behind it or not.
std::optional<moment> parse_moment(std::string_view text);

/// One end of a range of time.
struct time_bound {
  std::int64_t second = 0;
  bool zoned = false; // in UTC; else in the time of the log, whatever its zone

  std::int64_t of(std::int64_t utc, std::int64_t local) const { return zoned ? utc : local; }
};

/// From `first` on and before `end`.
struct time_range {
  time_bound first{std::numeric_limits<std::int64_t>::min()};
  time_bound end{std::numeric_limits<std::int64_t>::max()};

  bool contains(std::int64_t utc, std::int64_t local) const {
    return first.of(utc, local) >= first.second && end.of(utc, local) < end.second;
  }
};

} // namespace log_analytics
