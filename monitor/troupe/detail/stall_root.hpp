#pragma once

#include <string_view>

#include <troupe/policy/stall.hpp>

namespace troupe::detail {

/// The first of the roots that a stage waits for, directly or not; nullptr: it waits for none.
const stall::root* root_of(const stall& waits, std::string_view stage);

} // namespace troupe::detail
