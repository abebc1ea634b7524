#pragma once

#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace log_analytics {

/// Counts malformed lines and, if there is a file, keeps them: a line of number, reason and text
/// each, tabs between. May be called from several threads.
///
/// Bound: lines go to the file at once. A file that is there is replaced by
///        the first of them, and stays as it is if there is none.
class dead_letter_file {
public:
  /// Errors: one line if `path` cannot be written; an empty path is none.
  std::optional<std::string> open(const std::string& path);

  /// Marks the lines to come as those of `input`; only needed where there are several.
  void begin(const std::string& input);
  void add(std::uint64_t number, std::string_view reason, std::string_view line);

  std::uint64_t lines() const;
  std::uint64_t bytes() const;

  /// Writes what is left. Errors: one line if anything was lost, for example on a full disk.
  std::optional<std::string> close();

private:
  mutable std::mutex mutex_;
  std::string path_;
  std::ofstream out_;
  bool replaced_ = false;
  std::string heading_; // of the lines to come, while there are none
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace log_analytics
