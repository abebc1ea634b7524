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
  std::size_t top = 10;  // rows a table
  bool complete = true;  // false: interrupted, the figures are those so far
  bool csv_safe = false; // no cell of the CSV is a formula to a spreadsheet
  std::chrono::duration<double> elapsed{};
  std::size_t columns = 0; // of the terminal; 0: none, nothing is cut, no bars
};

/// Tables for a person: aligned columns, percentages, on a wide terminal bars.
void write_text(std::ostream& out, const summary& s, const report_options& options);

/// One JSON object: "general", and for each table its rows, distinct keys, and what
/// counted as other.
void write_json(std::ostream& out, const summary& s, const report_options& options);

/// One table of all tables, "table,key,hits,bytes", quoted as in RFC 4180, lines end with
/// a line feed. Of slowest_paths the last column is microseconds.
void write_csv(std::ostream& out, const summary& s, const report_options& options);

/// A page that needs no script and nothing from elsewhere: tables, and dates and hours as bars.
/// What is in the log is text in it, whatever it says.
void write_html(std::ostream& out, const summary& s, const report_options& options);

/// Within what time this share of the requests was served.
std::chrono::nanoseconds served_within(const troupe::histogram& served, double share);

/// The format that the requests were in; where there were several, how many were in each:
/// "combined (990), common (10)". "none" without a request.
std::string format_found(const summary& s);

} // namespace log_analytics
