#pragma once

#include <cstdint>

#include <troupe/error.hpp>
#include <troupe/options.hpp>

namespace troupe {

struct vegas_options {
  count initial = 20;     ///< min to max
  count min = 1;          ///< calls in flight, at least 1
  count max = 1000;       ///< calls in flight, at least min
  double smoothing = 1.0; ///< share of each step that is taken, 0..1
  count probe_every = 30; ///< x limit samples: how often the time without load is measured anew
};

/// How many calls may be in flight, learned from latency: it compares each call with the fastest
/// one and takes the difference for a queue of our own making.
///
///     troupe::vegas_limit l{{}};
///     l.on_sample(rtt, in_flight, dropped);
///
/// Shape:  a plain value, no clock; one sample per finished call. With d = the limit's number of
///         digits less one (at least 1) and queue = limit x (1 - fastest / rtt), rounded up:
///         queue <= d: + 6 d; below 3 d: + d; above 6 d, or dropped: - d; else it stays.
/// Bound:  min..max. It rises only while at least half of it is in use.
/// Units:  calls in flight; the fastest call is forgotten every `probe_every` x limit samples. Then
///         the next call while less than half of the limit is in use becomes the fastest: under
///         load it would be our own queue that is measured, and with a dependency that stays slow
///         the limit would drift up at each probe.
/// Errors: std::invalid_argument from the constructor for an option out of range. A time of zero or
///         below (a clock stepped back) and the time of a dropped call teach nothing; in_flight
///         below 0 counts as 0.
/// Source: VegasLimit of Netflix concurrency-limits (which probes at random, under load
///         too); TCP Vegas.
class vegas_limit {
public:
  explicit vegas_limit(vegas_options options);

  void on_sample(time_span rtt, count in_flight, bool dropped);
  int limit() const noexcept { return static_cast<int>(estimate_); }

private:
  bool learns_fastest(duration rtt, bool loaded);
  double wanted(duration rtt) const;
  void move_to(double wanted);

  vegas_options options_;
  double estimate_;
  duration fastest_{};        // zero: not known yet
  std::uint64_t samples_ = 0; // since the fastest was measured last
};

} // namespace troupe
