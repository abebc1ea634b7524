#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

/// The real log that the reference figures are about, or nothing where it is not at hand.
inline std::string read_reference_log() {
  const char* named = std::getenv("TROUPE_TEST_LOG");
  std::ifstream in{named != nullptr ? named : TROUPE_SOURCE_DIR "/../shared/data/apache_access.log",
                   std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}
