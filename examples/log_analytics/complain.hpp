#pragma once

#include <iostream>
#include <string_view>

namespace log_analytics {

/// Tells what is wrong, in a line on standard error.
inline void complain(std::string_view problem) {
  std::cerr << "log_analytics: " << problem << '\n';
}

} // namespace log_analytics
