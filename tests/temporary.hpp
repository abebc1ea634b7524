#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace support {

/// A path that nothing else has, removed with what was written there.
class temporary {
public:
  temporary()
      : path_(std::filesystem::temp_directory_path()
              / ("troupe_test_" + std::to_string(std::random_device{}()) + ".jsonl")) {}
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;
  ~temporary() { std::filesystem::remove(path_); }

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& text) const { std::ofstream{path_, std::ios::binary} << text; }
  std::string text() const {
    std::ostringstream all;
    all << std::ifstream{path_, std::ios::binary}.rdbuf();
    return all.str();
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::istringstream in{text()};
    for (std::string l; std::getline(in, l);)
      all.push_back(l);
    return all;
  }

private:
  std::filesystem::path path_;
};

} // namespace support
