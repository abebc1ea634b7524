#pragma once

#include <string_view>

namespace log_analytics {

/// True for an IPv4 address, an IPv6 address (a zone such as %eth0 may follow) or a host name.
/// What ends in a number must be an address: neither 10.0.0.300 nor 10.x.0.3 is a name.
bool is_host(std::string_view text);

/// True for the addresses among them.
bool is_address(std::string_view text);

} // namespace log_analytics
