#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::detail {

/// Where to send something by HTTP.
struct http_url {
  std::string host; ///< without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string target = "/"; ///< path and query

  /// As in a Host header: `example.org:8080`, `[::1]`.
  std::string authority() const;

  friend bool operator==(const http_url&, const http_url&) = default;
};

/// Errors: std::invalid_argument, which says what is wrong; `where` says whose it is.
http_url parse_http_url(std::string_view where, std::string_view text);

} // namespace troupe::detail
