#include <troupe/standing.hpp>

namespace troupe {

std::string_view to_string(standing s) noexcept {
  switch (s) {
  case standing::running:
    return "running";
  case standing::draining:
    return "draining";
  case standing::stopping:
    return "stopping";
  case standing::let_go:
    return "let_go";
  case standing::over:
    return "over";
  }
  return "unknown";
}

} // namespace troupe
