#pragma once

#include <string_view>

namespace troupe {

/// What a run or a service that has actors has been told, and by whom it is still wanted.
enum class standing {
  running,
  draining, ///< it was told to finish what it has
  stopping, ///< it was told to stop, or has failed; a function that it is in has not returned
  let_go,   ///< its handle is gone: it finishes what it has, and nobody waits for that
  over,     ///< it has ended; what is left is in a function that nobody waits for
};
std::string_view to_string(standing s) noexcept;

} // namespace troupe
