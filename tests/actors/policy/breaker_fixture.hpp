#pragma once

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/policy/breaker_machine.hpp>

namespace breaker_fixture {

using namespace std::chrono_literals;
using troupe::breaker_event;
using troupe::breaker_event_kind;
using troupe::breaker_machine;
using troupe::breaker_state;
using troupe::circuit_breaker;
using troupe::duration;
using troupe::last_calls;
using troupe::last_time;
using troupe::outcome;
using troupe::permit;
using troupe::time_point;

constexpr time_point t0{1h};

/// Makes a call for each letter, all at `now`: S succeeds, F fails, s and f the same but slowly, I
/// is ignored. A call that is refused counts as such, and as nothing else.
inline std::size_t calls(breaker_machine& m, std::string_view letters, time_point now = t0) {
  std::size_t admitted = 0;
  for (const char c : letters) {
    const auto p = m.admit(now);
    admitted += p ? 1 : 0;
    const bool slow = c == 's' || c == 'f';
    const auto took = m.options().slow_after.value() + (slow ? 1ns : 0ns);
    m.record(p,
             c == 'I'               ? outcome::ignored
             : c == 'F' || c == 'f' ? outcome::failure
                                    : outcome::success,
             took, now);
  }
  return admitted;
}

/// The state after `letters`, from a fresh machine.
inline breaker_state after(const circuit_breaker& options, std::string_view letters) {
  breaker_machine m{options};
  calls(m, letters);
  return m.state(t0);
}

/// Opens at the first failure; cooldown 10 s, three trials, all of which decide.
inline circuit_breaker touchy() {
  return {.failure_rate = 1.0,
          .window = last_calls(1),
          .minimum_calls = 1,
          .trials = 3,
          .cooldown = 10s,
          .half_open_max_wait = 60s};
}

/// As `touchy`, but half_open needs `n` outcomes and opens at half of them.
inline circuit_breaker patient(int n) {
  return {.window = last_calls(n), .minimum_calls = n, .trials = n, .cooldown = 10s};
}

/// What a machine said.
class event_log {
public:
  explicit event_log(breaker_machine& m) {
    m.on_event([this](const breaker_event& e) { events.push_back(e); });
  }
  event_log(const event_log&) = delete;
  event_log& operator=(const event_log&) = delete;
  ~event_log() = default;

  std::vector<breaker_event> events;
};

inline breaker_event transition(breaker_state from, breaker_state to, time_point at) {
  return {breaker_event_kind::transition, from, to, at, {}};
}

} // namespace breaker_fixture
