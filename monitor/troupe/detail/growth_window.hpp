#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include <troupe/time_span.hpp>

namespace troupe::detail {

/// By how much a value is more than it was a window ago.
///
/// Shape:  (now, value) -> growth.
/// Bound:  `points` + 2 values, whatever the window and however often it is fed: they are at least
///         a share of the window apart, and between two of them the value is taken from the line.
/// Units:  `now` is any steady clock; after one that steps back it begins anew.
class growth_window {
public:
  static constexpr int points = 60;

  struct growth {
    double value = 0;
    bool whole = false; ///< so much time has been seen; else it is the growth since the beginning
  };

  explicit growth_window(duration window) : window_{window}, apart_{window / points} {}

  growth feed(time_point now, double value);
  void forget() noexcept { past_.clear(); }

  std::size_t size() const noexcept { return past_.size(); }

private:
  struct point {
    time_point at;
    double value;
  };

  double value_at(time_point begin, const point& latest) const;

  duration window_;
  duration apart_;
  std::deque<point> past_; ///< one of them at the window's begin or before it, where there is one
};

} // namespace troupe::detail
