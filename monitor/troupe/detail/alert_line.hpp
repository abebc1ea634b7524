#pragma once

#include <chrono>
#include <string>

#include <troupe/alert.hpp>

namespace troupe::detail {

/// What the clock on the wall showed at `t`, when it shows `wall` now.
std::chrono::system_clock::time_point wall_time(time_point t, time_point now,
                                                std::chrono::system_clock::time_point wall);

/// An alert as a line of JSON, with its end. `at`: what the clock on the wall showed at `a.at`.
std::string alert_line(const alert& a, std::chrono::system_clock::time_point at);

} // namespace troupe::detail
