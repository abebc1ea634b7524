#pragma once

#include "summary.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace log_analytics {

struct section_row {
  std::string key; // printable
  counts count;
};

/// What the second figure of a row is.
enum class section_unit { bytes, microseconds /* of one request, on average */ };

/// "1.50 KiB" or "12.5 ms".
std::string second_figure(std::uint64_t value, section_unit unit);

/// A table of the report, ready to be written in any format.
struct section {
  std::string_view id;    // as in JSON and CSV
  std::string_view title; // as in the text
  std::vector<section_row> rows;
  std::size_t distinct = 0; // keys, shown or not
  counts other;             // requests whose keys no longer fitted in
  std::uint64_t missed = 0; // a row may have had so many more hits, which are in `other`
  section_unit unit = section_unit::bytes;
};

/// Hands out all tables in the order of the report, with at most `top` rows where they are ranked.
///
/// Bound: one table at a time.
void for_each_section(const summary& s, std::size_t top,
                      const std::function<void(section table)>& use);

} // namespace log_analytics
