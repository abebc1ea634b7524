#include "growing_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace log_analytics {

namespace {

[[noreturn]] void fail(const std::string& path) {
  throw std::system_error{errno, std::generic_category(), path};
}

} // namespace

growing_file::~growing_file() { close(); }

std::optional<std::string> growing_file::next() {
  if (file_ < 0 && !open_if_there())
    return std::nullopt;
  // Looked at before it is read: what comes into the old file after this is not lost, and read
  // the next time.
  const bool replaced = is_replaced();
  auto text = std::exchange(begun_, {});
  text += read_more(longest - text.size());
  if (const auto end = text.rfind('\n'); end != std::string::npos) {
    begun_ = text.substr(end + 1);
    text.resize(end + 1);
    return text;
  }
  if (text.size() >= longest || (replaced && !text.empty()))
    return text;
  begun_ = std::move(text);
  if (!replaced)
    return std::nullopt;
  close();
  return next();
}

bool growing_file::open_if_there() {
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0 && errno != ENOENT)
    fail(path_);
  at_ = 0;
  return file_ >= 0;
}

bool growing_file::is_replaced() const {
  struct stat mine {};
  struct stat named {};
  if (::fstat(file_, &mine) != 0)
    fail(path_);
  if (mine.st_size < at_)
    return true;
  return ::stat(path_.c_str(), &named) == 0
         && (named.st_ino != mine.st_ino || named.st_dev != mine.st_dev);
}

std::string growing_file::read_more(std::size_t most) {
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto n = ::pread(file_, text.data() + size, text.size() - size, at_);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail(path_);
    if (n == 0)
      break;
    size += static_cast<std::size_t>(n);
    at_ += n;
  }
  text.resize(size);
  return text;
}

void growing_file::close() {
  if (file_ >= 0)
    ::close(file_);
  file_ = -1;
}

} // namespace log_analytics
