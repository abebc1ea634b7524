#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../support.hpp"
#include <troupe/dead_letter_file.hpp>

// What the tests of letters in a file share, as they are written and as they are read.
namespace support {

/// A path that nothing else has, removed with what was written there.
class temporary {
public:
  temporary()
      : path_(std::filesystem::temp_directory_path()
              / ("troupe_letters_" + std::to_string(std::random_device{}()) + ".jsonl")) {}
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

inline troupe::dead_letter letter(std::string text) {
  return {.stage = "parse",
          .reason = troupe::error{troupe::errc::timed_out, "parse", "item 7: slow"},
          .attempts = 3,
          .text = std::move(text),
          .has_text = true};
}

} // namespace support
