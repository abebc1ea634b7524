#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <troupe/time_span.hpp>

/// Each option and each argument that is a duration, at the ends of its range. A table says what it
/// takes; durations.cmake notices one that is in no table.
namespace durations {

using troupe::duration;
using troupe::time_span;

/// What an option does not refuse.
enum class takes { all, from_zero, above_zero };

struct row {
  std::string where;  ///< the header, and the name there
  std::string option; ///< as a refusal names it; empty: nothing is refused
  takes range;
  std::function<void(time_span)> use; ///< checks what comes of it
};

inline bool for_ever(time_span d) { return d == duration::max(); }

/// A limit of so much is over before anything could happen.
inline bool at_once(time_span d) { return d <= duration{1}; }

inline bool takes_it(takes range, time_span d) {
  return range == takes::all || d > duration::zero()
         || (range == takes::from_zero && d == duration::zero());
}

/// Unlike CHECK it lets a refusal through.
inline void holds(bool good) { CHECK(good); }

inline std::string refusal(const row& r, time_span d) {
  try {
    r.use(d);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

inline void check_all(const std::vector<row>& table) {
  using namespace std::chrono;
  const std::pair<std::string, time_span> values[]
      = {{"nothing", nanoseconds{0}},
         {"1 ns", nanoseconds{1}},
         {"-1 ns", nanoseconds{-1}},
         {"the least", nanoseconds::min()},
         {"the least of hours", hours::min()},
         {"the longest", nanoseconds::max()},
         {"the longest of hours", hours::max()},
         {"an infinite one", duration_cast<std::chrono::duration<double>>(seconds{1})
                                 * std::numeric_limits<double>::infinity()},
         {"not a number", std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()}}};
  for (const auto& row : table)
    for (const auto& value : values) {
      const auto& d = value.second;
      CAPTURE(row.where);
      CAPTURE(value.first);
      const auto said = refusal(row, d);
      CAPTURE(said);
      if (takes_it(row.range, d))
        CHECK(said.empty());
      else
        CHECK(said.find(row.option) != std::string::npos);
    }
}

} // namespace durations
