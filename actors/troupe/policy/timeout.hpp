#pragma once

#include <string_view>

#include <troupe/detail/refusal.hpp>
#include <troupe/error.hpp>

namespace troupe {

/// Gives up on a call after so long: `timeout{200ms}`.
///
/// Errors: std::invalid_argument for a limit of zero or less, thrown at composition.
struct timeout {
  time_span after = {};
};

inline void validate(const timeout& t, std::string_view where = "timeout") {
  if (t.after <= duration::zero())
    detail::refuse(where, "after", detail::as_text(t.after), "more than 0 ms");
}

} // namespace troupe
