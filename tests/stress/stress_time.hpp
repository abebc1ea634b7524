#pragma once

#include <chrono>
#include <cstdlib>

/// How long threads hammer: a moment, or TROUPE_STRESS_SECONDS=10.
inline std::chrono::nanoseconds stress_time() {
  if (const char* const seconds = std::getenv("TROUPE_STRESS_SECONDS"))
    return std::chrono::seconds{std::atoi(seconds)};
  return std::chrono::milliseconds{500};
}

/// Whether to repeat what is counted, not timed, as often as with TROUPE_STRESS_SECONDS=10.
inline bool full_stress() { return stress_time() >= std::chrono::seconds{10}; }
