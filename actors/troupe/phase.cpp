#include <troupe/phase.hpp>

namespace troupe {

std::string_view to_string(phase p) noexcept {
  switch (p) {
  case phase::idle:
    return "idle";
  case phase::working:
    return "working";
  case phase::held_back:
    return "held back";
  case phase::pacing:
    return "pacing";
  case phase::retrying:
    return "retrying";
  case phase::paused:
    return "paused";
  case phase::ended:
    return "ended";
  }
  return "unknown";
}

} // namespace troupe
