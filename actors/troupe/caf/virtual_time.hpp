#pragma once

#include <functional>
#include <optional>

#include <caf/fwd.hpp>

#include <troupe/error.hpp>

namespace troupe::detail {

/// Drives a system with the testing scheduler, from one thread and with no detached actors.
/// Errors: std::logic_error if the system has another scheduler, and on CAF 1.x, which keeps its
/// own in a library that applications do not link. Defined in compat.cpp: how it is done is a
/// matter of the CAF version.
namespace virtual_time {

/// Runs actors round robin, a message each, until no message is left; whether there was any.
bool run_jobs(caf::actor_system& sys);

/// When the next delayed message or timeout is due, if there is one.
std::optional<time_point> next_timeout(caf::actor_system& sys);

/// Moves the clock to the next timeout and delivers that one only; false if there is none.
bool trigger_next_timeout(caf::actor_system& sys);

/// Moves the clock in one step and delivers all that became due: receivers see the later time.
/// `run_for` is the one that keeps the order.
void advance(caf::actor_system& sys, duration d);

/// Runs all that happens within `d`, each at its time, and leaves the clock at the end of it, if
/// there is one.
void run_for(caf::actor_system& sys, duration d);

enum class driven {
  done,
  over_limit,
  stuck, ///< nothing is left to happen
};

/// Runs all that happens, each at its time, until `done()` or to the end of `limit`.
driven drive(caf::actor_system& sys, const std::function<bool()>& done,
             std::optional<duration> limit = std::nullopt);

} // namespace virtual_time

} // namespace troupe::detail
