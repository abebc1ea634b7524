#pragma once

#include <chrono>
#include <cstdlib>

/// How long threads hammer: a moment, or TROUPE_STRESS_SECONDS=10.
inline std::chrono::nanoseconds stress_time() {
  if (const char* const seconds = std::getenv("TROUPE_STRESS_SECONDS"))
    return std::chrono::seconds{std::atoi(seconds)};
  return std::chrono::milliseconds{500};
}
