#pragma once

#include <string>

#include <troupe/context.hpp>
#include <troupe/result.hpp>
#include <troupe/web/http_url.hpp>

namespace troupe::detail {

/// What a server said, without the content.
struct http_answer {
  unsigned status = 0;
  std::string reason;     ///< "Not Found"
  duration retry_after{}; ///< zero, if it did not say so in seconds
};

/// Posts JSON, on a connection of its own, and waits for the answer: for at most `timeout`, or
/// until `ctx` is cancelled by somebody, unless a name is being looked up.
/// Errors: errc::timed_out, errc::cancelled, errc::stage_failed.
result<http_answer> http_post(const http_url& to, std::string body, duration timeout,
                              const context& ctx);

} // namespace troupe::detail
