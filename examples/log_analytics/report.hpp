#pragma once

#include "summary.hpp"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace log_analytics {

/// What the report says besides the figures.
struct report_options {
  std::vector<std::string> inputs = {};
  std::size_t top = 10; // rows a table
  bool complete = true; // false: interrupted, the figures are those so far
  std::chrono::duration<double> elapsed{};
  std::size_t columns = 0; // of the terminal; 0: none, nothing is cut, no bars
};

/// Tables for a person: aligned columns, percentages, on a wide terminal bars.
void write_text(std::ostream& out, const summary& s, const report_options& options);

/// One JSON object: "general", and for each table its rows, distinct keys, and what
/// counted as other.
void write_json(std::ostream& out, const summary& s, const report_options& options);

/// One table of all tables, "table,key,hits,bytes", quoted as in RFC 4180, lines end with
/// a line feed.
void write_csv(std::ostream& out, const summary& s, const report_options& options);

} // namespace log_analytics
