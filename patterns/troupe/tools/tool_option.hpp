#pragma once

#include <string_view>

#include <troupe/options.hpp>

namespace troupe::detail {

/// Refuses an option of something that has no name: `semaphore: permits = 0, needs at least 1`.
void need_at_least_one(std::string_view what, std::string_view option, count value);

} // namespace troupe::detail
