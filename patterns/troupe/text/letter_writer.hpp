#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/text/output_file.hpp>

namespace troupe::detail {

/// A file that lines are added to, by any thread; keeps the first error of writing.
class letter_writer {
public:
  /// Errors: std::system_error.
  letter_writer(std::filesystem::path path, std::uint64_t max_bytes, output_file::opening how);
  letter_writer(const letter_writer&) = delete;
  letter_writer& operator=(const letter_writer&) = delete;
  ~letter_writer();

  void add(std::string_view line);
  std::optional<error> flush();
  std::optional<error> close();
  std::uint64_t written() const;
  std::uint64_t unwritten() const;

private:
  void write_out() noexcept;
  template <class Action>
  void keep_error_of(Action action) noexcept;

  const std::uint64_t max_bytes_;
  mutable std::mutex mutex_;
  output_file file_;
  std::string buffer_;
  std::uint64_t buffered_ = 0; ///< lines in it
  std::uint64_t bytes_ = 0;    ///< in the file and the buffer
  bool ends_amid_a_line_;      ///< the file, as it was found
  std::uint64_t written_ = 0;
  std::uint64_t unwritten_ = 0;
  std::optional<error> error_;
};

} // namespace troupe::detail
