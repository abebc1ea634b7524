#include "input.hpp"

#include "parser.hpp"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string_view>
#include <system_error>

#include <sys/stat.h>

namespace log_analytics {

namespace {

constexpr std::size_t bytes_looked_at = std::size_t{1024} * 1024;
constexpr std::size_t lines_looked_at = 1000;

struct sample_figures {
  std::size_t lines = 0;
  std::size_t parsable = 0;
};

sample_figures look_at(std::string_view text, bool whole_file) {
  sample_figures result;
  while (!text.empty() && result.lines < lines_looked_at) {
    const auto end = text.find('\n');
    // The last line of the sample may go on in the file.
    if (end == std::string_view::npos && !whole_file && result.lines > 0)
      break;
    ++result.lines;
    result.parsable += parse(text.substr(0, end)).has_value();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

input_check unusable(const std::string& file, const std::string& why) {
  return {input_state::unusable, file + ": " + why, std::nullopt};
}

input_check check_contents(const std::string& file, std::string_view text, std::uint64_t size) {
  if (text.starts_with("\x1f\x8b")) // gzip: `troupe::lines` unpacks it
    return {};
  const auto sample = look_at(text, text.size() == size);
  // A crash can leave a few NUL bytes in a log, so they alone do not condemn a file.
  const bool binary = text.find('\0') != std::string_view::npos;
  if (binary && sample.parsable * 2 < sample.lines)
    return unusable(file, "is a binary file, not an access log");
  if (sample.parsable == 0)
    return unusable(file, "none of its first " + std::to_string(sample.lines)
                              + " lines is in the combined or common log format");
  return {input_state::readable, {}, size};
}

} // namespace

input_check check_input(const std::string& file) {
  if (file == "-")
    return {};
  struct stat info {};
  if (stat(file.c_str(), &info) != 0)
    return unusable(file, std::generic_category().message(errno));
  if (S_ISDIR(info.st_mode))
    return unusable(file, "is a directory, not a log file");
  if (!S_ISREG(info.st_mode))
    return {};
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return unusable(file, std::generic_category().message(errno));
  std::string text(bytes_looked_at, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    return unusable(file, "cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty())
    return {input_state::empty, file + ": is empty", 0};
  return check_contents(file, text, static_cast<std::uint64_t>(info.st_size));
}

} // namespace log_analytics
