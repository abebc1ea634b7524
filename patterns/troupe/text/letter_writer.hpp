#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/on_error.hpp>

namespace troupe::detail {

/// A dead letter as a line of JSON, with its end. `time` is as `utc_now` tells it.
std::string json_line(const dead_letter& letter, std::string_view time);

/// `2026-11-21T07:56:05.123456Z`, by the system's clock.
std::string utc_now();

/// A file that lines are added to, by any thread; keeps the first error of writing.
class letter_writer {
public:
  enum class opening { append, replace };

  /// Errors: std::system_error.
  letter_writer(std::filesystem::path path, std::uint64_t max_bytes, opening how);
  letter_writer(const letter_writer&) = delete;
  letter_writer& operator=(const letter_writer&) = delete;
  ~letter_writer();

  void add(std::string_view line);
  std::optional<error> flush();
  std::optional<error> close();
  std::uint64_t written() const;
  std::uint64_t unwritten() const;

private:
  void begin_after_what_is_there();
  void write_out() noexcept;
  void give_up(int code, const char* doing) noexcept;

  const std::filesystem::path path_;
  const std::uint64_t max_bytes_;
  mutable std::mutex mutex_;
  int file_ = -1;
  std::string buffer_;
  std::uint64_t buffered_ = 0;    ///< lines in it
  std::uint64_t bytes_ = 0;       ///< in the file and the buffer
  bool ends_amid_a_line_ = false; ///< the file, as it was found
  std::uint64_t written_ = 0;
  std::uint64_t unwritten_ = 0;
  std::optional<error> error_;
};

} // namespace troupe::detail
