#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <troupe/time_span.hpp>

namespace troupe {

/// What an actor of a stage is doing.
enum class phase {
  idle,      ///< it has no input; a source: nothing to give
  working,   ///< in the user's function
  held_back, ///< it has something to hand on, and there is no demand from downstream
  pacing,    ///< it has input that its rate lets in later
  retrying,  ///< an item waits for its next attempt
  paused,    ///< by hand
  ended,
};
std::string_view to_string(phase p) noexcept;

/// One actor that runs a stage's function, at an instant.
struct actor_sample {
  phase doing = phase::idle;
  time_point since{};                ///< when that began
  std::optional<time_point> until{}; ///< pacing and retrying: when it goes on
  /// Working: which item it is at, counted from 0. Quick items are not timed one by one; then it is
  /// one of these.
  std::uint64_t first_item = 0;
  std::uint64_t last_item = 0;

  friend bool operator==(const actor_sample&, const actor_sample&) = default;
};

} // namespace troupe
