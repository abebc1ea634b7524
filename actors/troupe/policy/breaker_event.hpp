#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/policy/circuit_breaker.hpp>

namespace troupe {

/// What a breaker has seen. Rates are shares of the calls in the window, -1 while there are fewer
/// than the minimum. The calls are those on which the present state was decided (in half_open, of
/// the trials so far); forced_open and disabled have none. The last two count since the present
/// state began.
struct breaker_snapshot {
  double failure_rate = -1.0;
  double slow_rate = -1.0;
  std::uint64_t buffered = 0; ///< calls in the window
  std::uint64_t failed = 0;
  std::uint64_t slow = 0;
  std::uint64_t not_permitted = 0; ///< refused calls
  std::uint64_t late = 0;          ///< outcomes of calls that an earlier state had permitted
};

enum class breaker_event_kind {
  transition,            ///< from one state to another
  failure_rate_exceeded, ///< in metrics_only, once
  slow_rate_exceeded,    ///< in metrics_only, once
  reset,                 ///< of a breaker that was closed: its metrics are zero now
};

/// Except for transitions `from` and `to` are the present state.
struct breaker_event {
  breaker_event_kind kind = breaker_event_kind::transition;
  breaker_state from = breaker_state::closed;
  breaker_state to = breaker_state::closed;
  time_point at = {};
  std::string call = {}; ///< whose breaker it is; empty: a breaker_machine's
  std::string run = {};  ///< the name of that call's run or service, if it was given one

  friend bool operator==(const breaker_event&, const breaker_event&) = default;
};

std::string_view to_string(breaker_event_kind k) noexcept;
/// `closed -> open`, `metrics_only: failure_rate_exceeded`; of a call `call "x": closed -> open`,
/// in a run with a name `orders: call "x": closed -> open`
std::ostream& operator<<(std::ostream& out, const breaker_event& e);

} // namespace troupe
