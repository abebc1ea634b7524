#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

/// A folder that is gone at the end of the test.
class temporary_folder {
public:
  temporary_folder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path()
            / ("troupe_log_" + std::to_string(getpid()) + '_' + std::to_string(++number));
    std::filesystem::create_directory(path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const { return (path_ / name).string(); }

  std::string with(const std::string& name, const std::string& contents) const {
    std::ofstream{file(name), std::ios::binary} << contents;
    return file(name);
  }

private:
  std::filesystem::path path_;
};

inline std::string contents_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
