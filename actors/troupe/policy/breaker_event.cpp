#include <troupe/policy/breaker_event.hpp>

#include <ostream>

namespace troupe {

std::string_view to_string(breaker_event_kind k) noexcept {
  switch (k) {
  case breaker_event_kind::transition:
    return "transition";
  case breaker_event_kind::failure_rate_exceeded:
    return "failure_rate_exceeded";
  case breaker_event_kind::slow_rate_exceeded:
    return "slow_rate_exceeded";
  case breaker_event_kind::reset:
    return "reset";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, const breaker_event& e) {
  if (!e.run.empty())
    out << e.run << ": ";
  if (!e.call.empty())
    out << "call \"" << e.call << "\": ";
  if (e.kind == breaker_event_kind::transition)
    return out << e.from << " -> " << e.to;
  return out << e.to << ": " << to_string(e.kind);
}

} // namespace troupe
