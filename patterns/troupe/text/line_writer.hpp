#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <troupe/text/output_file.hpp>

namespace troupe::detail {

/// Writes a file a line at a time. Errors: std::system_error, as those of output_file.
class line_writer {
public:
  explicit line_writer(std::filesystem::path path);
  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;
  ~line_writer();

  /// Whether this line and all before it have been handed to the system.
  bool write(std::string_view line);
  /// A full disk may show only here.
  void close();

private:
  void flush();

  output_file file_;
  std::string pending_;
};

} // namespace troupe::detail
