#pragma once

#include <functional>

#include <troupe/context.hpp>
#include <troupe/result.hpp>

namespace troupe::detail {

/// Runs `body`, which must not throw, on a helper thread. An error: the caller need not wait for it
/// any longer; `body` may still be running, with its context cancelled, or has never been started.
result<void> run_abandonable(std::function<void(context&)> body, duration limit,
                             const context& ctx);

} // namespace troupe::detail
