#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <memory>

namespace troupe::detail {

/// Where bytes come from. What has a descriptor never blocks in `read`: its caller waits for both,
/// the descriptor and its mailbox.
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

  /// What can be read when `waiting` is over; -1: this one never says `waiting`, and may block.
  virtual int descriptor() const noexcept { return -1; }

  /// Reads at most `size` bytes. Errors: std::system_error or std::runtime_error, naming the input.
  virtual answer read(char* into, std::size_t size) = 0;
};

/// Plain or gzip, whatever kind of file it is. Errors: std::system_error for a path that cannot be
/// opened or is a directory.
std::unique_ptr<text_input> open_input(const std::filesystem::path& path);
std::unique_ptr<text_input> open_input(std::istream& in);

} // namespace troupe::detail
