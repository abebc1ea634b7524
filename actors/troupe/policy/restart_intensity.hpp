#pragma once

#include <cstddef>
#include <deque>

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

/// Decides when restarting no longer helps: more than so many restarts within a period.
///
///     troupe::restart_intensity i{3, 5s};
///     if (!i.record(now)) { /* the fourth within 5 s: give up */ }
///
/// Shape:  a plain value, no clock. A restart exactly one period old still counts.
/// Bound:  remembers at most `restarts` instants, none of them older than the period; `unlimited`
///         and `never` remember none.
/// Errors: std::invalid_argument for a negative number of restarts, or a period of zero or less.
///         After a clock that stepped back, what lies ahead counts as just now.
/// Source: intensity and period of Erlang/OTP's supervisor.
class restart_intensity {
public:
  restart_intensity(count restarts, time_span period);

  /// However many there are, they are never too many.
  static restart_intensity unlimited();
  /// The first is one too many.
  static restart_intensity never();

  /// Notes a restart; false: that was one too many.
  bool record(time_point now);

  std::size_t restarts() const noexcept { return restarts_; }
  duration period() const noexcept { return period_; }
  bool is_unlimited() const noexcept;

private:
  std::size_t restarts_;
  duration period_;
  std::deque<time_point> recent_; // oldest first
};

} // namespace troupe
