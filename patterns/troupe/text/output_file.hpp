#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace troupe::detail {

/// A file to be written. What goes wrong is a std::system_error that says what could not be done,
/// and to which file.
class output_file {
public:
  enum class opening { append, replace };

  output_file(std::filesystem::path path, opening how);
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  /// Closes it; whoever wants to know whether that went well calls `close` before.
  ~output_file();

  bool is_open() const noexcept { return file_ >= 0; }
  /// Hands all of it to the system.
  void write(std::string_view bytes);
  /// A full disk may show only here.
  void close();

  /// The bytes that are in it, if it is an ordinary file; else 0.
  std::uint64_t size() const noexcept;
  /// Whether the last byte in it is something else than the end of a line.
  bool ends_amid_a_line() const noexcept;

private:
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  int file_ = -1;
};

} // namespace troupe::detail
