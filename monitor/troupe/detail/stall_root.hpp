#pragma once

#include <string_view>

#include <troupe/policy/stall.hpp>

namespace troupe::detail {

/// The first of the roots that a stage waits for, directly or not; nullptr: it waits for none.
const stall::root* root_of(const stall& waits, std::string_view stage);

/// Held up by hand, by its rate, or by nothing to do.
constexpr bool is_on_purpose(stall_cause cause) noexcept {
  return cause == stall_cause::paused || cause == stall_cause::rate
         || cause == stall_cause::silent_source;
}

} // namespace troupe::detail
