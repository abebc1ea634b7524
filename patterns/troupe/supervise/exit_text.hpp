#pragma once

#include <string>

#include <caf/error.hpp>

namespace troupe::detail {

/// Whether an actor ended well, or because it was asked to.
bool is_normal_exit(const caf::error& reason);

/// What an exception said, or CAF's text.
std::string exit_text(const caf::error& reason);

} // namespace troupe::detail
