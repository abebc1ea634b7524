#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace log_analytics {

/// A log that a server goes on writing, read from its beginning on as it comes: also where it is
/// renamed and begun anew, or emptied, in between.
///
/// Bound:  `longest` bytes at a time; a line that is longer comes in pieces.
/// Errors: std::system_error for a file that cannot be read; that it is not there is none.
class growing_file {
public:
  static constexpr std::size_t longest = std::size_t{8} * 1024 * 1024;

  explicit growing_file(std::string path) : path_(std::move(path)) {}
  growing_file(const growing_file&) = delete;
  growing_file& operator=(const growing_file&) = delete;
  ~growing_file();

  /// Whole lines that have come since the last time; nothing: there are none yet. The last line of
  /// a file that was renamed may lack its end.
  std::optional<std::string> next();

private:
  bool open_if_there();
  /// Whether the path now names another file, or this one has become shorter.
  bool is_replaced() const;
  std::string read_more(std::size_t most);
  void close();

  std::string path_;
  int file_ = -1;
  off_t at_ = 0;
  std::string begun_; // of a line whose end has not come
};

} // namespace log_analytics
