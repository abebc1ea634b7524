#pragma once

#include <string>
#include <string_view>

namespace troupe::detail {

/// Appends `text` as a JSON string, with its quotes. The result is ASCII but for valid UTF-8; each
/// byte that is not part of such becomes U+FFFD. False if there was one.
bool append_json_string(std::string& out, std::string_view text);

/// Two digits a byte, for what cannot be a JSON string.
std::string hex_of(std::string_view bytes);

} // namespace troupe::detail
