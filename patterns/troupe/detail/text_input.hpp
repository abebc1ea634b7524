#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <memory>

namespace troupe::detail {

/// Where bytes come from. Reading may block, but not for long: `waiting` lets the caller look at
/// its mailbox.
class text_input {
public:
  enum class status { ok, waiting, ended };
  struct answer {
    status what = status::ended;
    std::size_t bytes = 0;
  };

  text_input() = default;
  text_input(const text_input&) = delete;
  text_input& operator=(const text_input&) = delete;
  virtual ~text_input() = default;

  /// Whether to wait a little for input that is not there yet.
  enum class patience { none, some };

  /// Reads at most `size` bytes. Errors: std::system_error or std::runtime_error, naming the input.
  virtual answer read(char* into, std::size_t size, patience p) = 0;
};

/// Errors: std::system_error for a path that cannot be opened or is a directory.
std::unique_ptr<text_input> open_input(const std::filesystem::path& path);
std::unique_ptr<text_input> open_input(std::istream& in);

} // namespace troupe::detail
