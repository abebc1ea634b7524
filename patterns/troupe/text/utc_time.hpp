#pragma once

#include <chrono>
#include <string>

namespace troupe::detail {

/// As ISO 8601 and RFC 3339 have it: `2026-11-21T07:56:05.123456Z`.
std::string utc_text(std::chrono::system_clock::time_point t);

/// The same, of now, by the system's clock.
std::string utc_now();

} // namespace troupe::detail
