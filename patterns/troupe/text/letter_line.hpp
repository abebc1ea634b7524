#pragma once

#include <string>
#include <string_view>

#include <troupe/on_error.hpp>

namespace troupe::detail {

/// A dead letter as a line of JSON, with its end. `time` is as `utc_now` tells it. An item that is
/// not UTF-8 is there twice: in hexadecimal digits as well.
std::string letter_line(const dead_letter& letter, std::string_view time);

} // namespace troupe::detail
