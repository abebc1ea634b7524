#include "dead_letter_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace log_analytics {

std::optional<std::string> dead_letter_file::open(const std::string& path) {
  path_ = path;
  if (path.empty())
    return std::nullopt;
  out_.open(path, std::ios::binary | std::ios::app);
  if (!out_)
    return "--dead-letters: " + path + ": " + std::generic_category().message(errno);
  return std::nullopt;
}

void dead_letter_file::begin(const std::string& input) {
  const std::lock_guard lock{mutex_};
  heading_ = "# " + input + '\n';
}

void dead_letter_file::add(std::uint64_t number, std::string_view reason, std::string_view line) {
  const std::lock_guard lock{mutex_};
  ++lines_;
  bytes_ += line.size() + 1;
  if (path_.empty())
    return;
  if (!std::exchange(replaced_, true)) {
    out_.close();
    out_.open(path_, std::ios::binary | std::ios::trunc);
  }
  out_ << std::exchange(heading_, {}) << number << '\t' << reason << '\t' << line << '\n';
}

std::uint64_t dead_letter_file::lines() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

std::uint64_t dead_letter_file::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

std::optional<std::string> dead_letter_file::close() {
  const std::lock_guard lock{mutex_};
  if (path_.empty())
    return std::nullopt;
  const bool was_open = out_.is_open(); // else it could not be replaced
  out_.close();
  if (!was_open || !out_)
    return "--dead-letters: " + path_ + ": not all lines could be written";
  return std::nullopt;
}

} // namespace log_analytics
