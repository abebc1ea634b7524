#pragma once

#include <chrono>

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

struct aimd_options {
  count initial = 20;                          ///< min to max
  count min = 20;                              ///< calls in flight, at least 1
  count max = 200;                             ///< calls in flight, at least min
  double backoff = 0.9;                        ///< what is left after a drop, 0..1
  time_span timeout = std::chrono::seconds{5}; ///< a call that took longer counts as dropped
};

/// How many calls may be in flight, learned from losses: one more after a success, a tenth less
/// after a drop or a timeout.
///
///     troupe::aimd_limit l{{.min = 20, .max = 200}};
///     l.on_sample(rtt, in_flight, dropped);
///     if (in_flight < l.limit()) ...
///
/// Shape:  a plain value, no clock; one sample per finished call.
/// Bound:  min..max. It rises only while at least half of it is in use (2 x in_flight >= limit), so
///         a slow dependency that a few callers wait for does not let it drift up.
/// Units:  calls in flight, counted when the sample's call began or ended; what is left after a
///         drop is rounded down.
/// Errors: std::invalid_argument from the constructor for an option out of range. A time of zero or
///         below (a clock stepped back) is no timeout; in_flight below 0 counts as 0.
/// Source: AIMDLimit of Netflix concurrency-limits; TCP's congestion avoidance.
class aimd_limit {
public:
  explicit aimd_limit(aimd_options options);

  void on_sample(time_span rtt, count in_flight, bool dropped);
  int limit() const noexcept { return limit_; }

private:
  aimd_options options_;
  int limit_;
};

} // namespace troupe
