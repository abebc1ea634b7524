#pragma once

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

struct gradient_options {
  count initial = 20;      ///< min to max
  count min = 20;          ///< calls in flight, at least 1
  count max = 200;         ///< calls in flight, at least min
  double smoothing = 0.2;  ///< share of each step that is taken, 0..1
  count queue = 4;         ///< calls that may wait while latency is normal: how fast it grows
  double tolerance = 1.5;  ///< how many times slower than usual is still normal, at least 1
  count long_window = 600; ///< samples that "usual" is the average of
};

/// How many calls may be in flight, learned from latency: it compares each call with the long-term
/// average, and shrinks while calls are slower than that.
///
///     troupe::gradient_limit l{{.max = 500}};
///     l.on_sample(rtt, in_flight, dropped);
///
/// Shape:  a plain value, no clock; one sample per finished call. gradient = tolerance x usual /
///         rtt within 0.5..1; limit := (1 - smoothing) x limit + smoothing x (gradient x limit +
///         queue). A dropped call counts as a gradient of 0.5, with nothing added.
/// Bound:  min..max. It changes only while at least half of it is in use, or on a drop.
/// Units:  calls in flight. While at least half of the limit is in use, the usual latency does not
///         rise beyond what it was before: else it would learn our own queue, and with a dependency
///         that stays slow the limit would drift up. It falls at any time.
/// Errors: std::invalid_argument from the constructor for an option out of range. A time of zero or
///         below (a clock stepped back) and the time of a dropped call teach nothing; in_flight
///         below 0 counts as 0.
/// Source: Gradient2Limit of Netflix concurrency-limits (which learns under load too, and does not
///         look at drops).
class gradient_limit {
public:
  explicit gradient_limit(gradient_options options);

  void on_sample(time_span rtt, count in_flight, bool dropped);
  int limit() const noexcept { return static_cast<int>(estimate_); }

private:
  double learn(double rtt, bool loaded);
  void move_to(double wanted);

  gradient_options options_;
  double estimate_;
  double usual_ = 0.0;   // nanoseconds
  double ceiling_ = 0.0; // what `usual_` may not exceed under load
  int warm_up_ = 0;      // samples so far, up to those that are simply averaged
};

} // namespace troupe
