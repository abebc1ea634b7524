#include "whole_file.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace log_analytics {

namespace fs = std::filesystem;

std::optional<std::string> replace_file(const std::string& path,
                                        const std::function<void(std::ostream&)>& write) {
  std::error_code failure;
  const auto there = fs::status(path, failure);
  const bool device = fs::exists(there) && !fs::is_regular_file(there);
  const auto target = fs::exists(there) && !device ? fs::canonical(path, failure) : fs::path{path};
  const auto fresh = device ? target : fs::path{target.string() + ".new"};
  std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
  if (!out)
    return path + ": " + std::generic_category().message(errno);
  write(out);
  out.close();
  if (!out) {
    if (!device)
      fs::remove(fresh, failure);
    return path + ": not all of it could be written";
  }
  if (!device)
    fs::rename(fresh, target, failure);
  return failure ? std::optional{path + ": " + failure.message()} : std::nullopt;
}

} // namespace log_analytics
