#include "flaky_service/backend.hpp"

#include <thread>

namespace flaky_service {

std::string_view to_string(health h) noexcept {
  switch (h) {
  case health::healthy:
    return "healthy";
  case health::slow:
    return "slow";
  case health::failing:
    return "failing";
  }
  return "unknown";
}

health script::at(troupe::time_point now) const noexcept {
  const auto t = now - start_;
  if (t < sixth_)
    return health::healthy;
  if (t < 2 * sixth_)
    return health::slow;
  return t < 4 * sixth_ ? health::failing : health::healthy;
}

troupe::result<answer> backend::ask(const question& q) {
  ++calls_;
  switch (script_.at(std::chrono::steady_clock::now())) {
  case health::slow:
    std::this_thread::sleep_for(when_slow);
    return answer{q.number};
  case health::failing:
    std::this_thread::sleep_for(when_failing);
    return troupe::fail(troupe::errc::stage_failed, "the backend is out of order");
  case health::healthy:
    break;
  }
  std::this_thread::sleep_for(when_healthy);
  return answer{q.number};
}

} // namespace flaky_service
