#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace log_analytics {

enum class report_format { text, json, csv };
enum class progress_mode { automatic, always, never };

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// Seconds since 1970, UTC, from `first` on and before `end`.
struct time_range {
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  std::int64_t end = std::numeric_limits<std::int64_t>::max();

  bool contains(std::int64_t second) const { return second >= first && second < end; }
};

struct options {
  std::vector<std::string> files; // never empty; "-" is standard input
  report_format format = report_format::text;
  std::size_t top = 10;
  std::size_t workers = 1;
  time_range range;
  std::string dead_letters; // empty: none
  bool stats = false;
  progress_mode progress = progress_mode::automatic;
};

/// A point in time as the command line has it, and how much of time it names: a
/// day, minute, second.
struct moment {
  std::int64_t second = 0; // since 1970, UTC
  std::int64_t length = 0;
};

/// Reads YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS], each with Z or +hh:mm behind it or not (UTC).
std::optional<moment> parse_moment(std::string_view text);

/// Options, or the exit code with which to end: after --help, or a wrong usage told in one line.
struct parsed_options {
  std::optional<options> value;
  int exit_code = exit_fine;
};

parsed_options parse_options(int argc, char** argv, std::ostream& out, std::ostream& err);

} // namespace log_analytics
