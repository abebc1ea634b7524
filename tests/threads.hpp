#pragma once

#include <cstddef>
#include <fstream>
#include <string>

namespace support {

/// How many threads this process has.
inline std::size_t threads() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.rfind("Threads:", 0) == 0)
      return std::stoul(line.substr(8));
  return 0;
}

} // namespace support
