#include "input.hpp"

#include "pipeline.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace log_analytics {

namespace {

constexpr std::size_t bytes_looked_at = std::size_t{1024} * 1024;
constexpr std::size_t lines_looked_at = 1000;

struct sample_figures {
  std::size_t lines = 0; // but those that are skipped
  std::size_t parsable = 0;
};

void look_at_line(std::string_view line, const line_format& format, sample_figures& result) {
  line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
  const auto request = format.parse(line);
  result.parsable += request.has_value();
  result.lines += request || !is_skipped(request.error());
}

sample_figures look_at(std::string_view text, bool whole_file, const line_format& format) {
  sample_figures result;
  formats by{format};
  for (std::uint64_t number = 1; !text.empty() && number <= lines_looked_at; ++number) {
    const auto end = text.find('\n');
    // The last line of the sample may go on in the file.
    if (end == std::string_view::npos && !whole_file && number > 1)
      break;
    const auto line = text.substr(0, end);
    look_at_line(line, *by.format_of(line, number), result);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

input_check unusable(const std::string& file, const std::string& why) {
  return {input_state::unusable, file + ": " + why, std::nullopt};
}

input_check check_contents(const std::string& file, std::string_view text, std::uint64_t size,
                           const line_format& format) {
  if (text.starts_with("\x1f\x8b")) // gzip: `troupe::lines` unpacks it
    return {};
  const auto sample = look_at(text, text.size() == size, format);
  // A crash can leave a few NUL bytes in a log, so they alone do not condemn a file.
  const auto first = text.find_first_not_of('\0'); // in front: a log that was emptied meanwhile
  const bool binary = first != std::string_view::npos && text.find('\0', first) != text.npos;
  if (binary && sample.parsable * 2 < sample.lines)
    return unusable(file, "is a binary file, not an access log");
  if (sample.parsable == 0 && sample.lines > 0)
    return unusable(file, "none of its first " + std::to_string(sample.lines) + " lines is in "
                              + std::string{format.is_told_by_the_log()
                                                ? "the combined or common log format"
                                                : "the format that was asked for"});
  return {input_state::readable, {}, size};
}

} // namespace

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  if (a.empty() || b.empty())
    return false;
  const auto look = [](const std::string& name, struct stat& info) {
    return (name == "-" ? fstat(STDIN_FILENO, &info) : stat(name.c_str(), &info)) == 0;
  };
  if (look(a, first) && look(b, second))
    return S_ISREG(first.st_mode) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
  namespace fs = std::filesystem;
  std::error_code failure; // one that is not there yet may be soon
  return fs::weakly_canonical(fs::absolute(a, failure), failure)
         == fs::weakly_canonical(fs::absolute(b, failure), failure);
}

bool is_unread_pipe(const std::string& output) {
  struct stat info {};
  if (output.empty() || stat(output.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode))
    return false;
  const int pipe = open(output.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (pipe >= 0)
    close(pipe);
  return pipe < 0;
}

bool may_be_followed(const std::string& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0)
    return true;
  std::array<char, 2> magic{};
  return S_ISREG(info.st_mode)
         && !(std::ifstream{file, std::ios::binary}.read(magic.data(), magic.size())
              && magic[0] == '\x1f' && magic[1] == '\x8b');
}

bool may_have_directives(const std::string& file) {
  struct stat info {};
  if (file == "-" || stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return true;
  std::ifstream in{file, std::ios::binary};
  std::string text(bytes_looked_at, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return in.bad() || text.starts_with("\x1f\x8b") || text.find("#Fields:") != std::string::npos;
}

input_check check_input(const std::string& file, const line_format& format) {
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
  return check_contents(file, text, static_cast<std::uint64_t>(info.st_size), format);
}

} // namespace log_analytics
