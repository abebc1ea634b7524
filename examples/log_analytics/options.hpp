#pragma once

#include "line_format.hpp"
#include "pipeline.hpp"

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace log_analytics {

enum class report_format { text, json, csv };
enum class progress_mode { automatic, always, never };

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

struct options {
  std::vector<std::string> files; // never empty; "-" is standard input
  report_format format = report_format::text;
  std::size_t top = 10;
  std::size_t workers = 1;
  line_format lines; // how they are read
  selection wanted;
  std::string dead_letters; // a file; empty: none. So are the next two.
  std::string html;
  std::string state;
  bool follow = false;
  bool csv_safe = false;
  bool stats = false;
  progress_mode progress = progress_mode::automatic;
};

/// Options, or the exit code with which to end: after --help, or a wrong usage told in one line.
struct parsed_options {
  std::optional<options> value;
  int exit_code = exit_fine;
};

parsed_options parse_options(int argc, char** argv, std::ostream& out, std::ostream& err);

} // namespace log_analytics
