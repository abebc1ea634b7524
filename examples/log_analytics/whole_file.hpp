#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace log_analytics {

/// Replaces a file by what `write` writes: beside it, and renamed when it is whole, so that whoever
/// reads the file finds the old one or the new one. A link stays one, and a device gets it as it
/// comes. Errors: one line that names the file; the old one is as it was.
std::optional<std::string> replace_file(const std::string& path,
                                        const std::function<void(std::ostream&)>& write);

} // namespace log_analytics
