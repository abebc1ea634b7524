#pragma once

#include <tl/expected.hpp>

#include <troupe/error.hpp>

namespace troupe {

/// A value or the reason why there is none. A stage function that returns `result<U>` may fail
/// without throwing: `return troupe::fail(troupe::errc::stage_failed, "not a number");`
template <class T>
using result = tl::expected<T, error>;

/// The failing side of a `result`, for the return statement of a stage function.
inline tl::unexpected<error> fail(errc code, std::string message) {
  return tl::unexpected<error>{error{code, {}, std::move(message)}};
}

} // namespace troupe
