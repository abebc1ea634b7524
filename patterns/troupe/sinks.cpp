#include <troupe/sinks.hpp>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::detail {

namespace {

constexpr std::size_t write_size = 64 * 1024;

} // namespace

line_writer::line_writer(std::filesystem::path path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0)
    fail(errno, "open");
}

line_writer::~line_writer() {
  if (file_ < 0)
    return;
  try {
    // The run was cut short: what was delivered so far should be in the file.
    close();
  } catch (const std::system_error&) {
    // The report of a run that was cut short already says that not all is well.
    if (file_ >= 0)
      ::close(file_);
  }
}

bool line_writer::write(std::string_view line) {
  pending_ += line;
  pending_ += '\n';
  if (pending_.size() < write_size)
    return false;
  flush();
  return true;
}

void line_writer::close() {
  flush();
  if (::close(std::exchange(file_, -1)) != 0)
    fail(errno, "close");
}

void line_writer::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const auto n = ::write(file_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail(errno, "write");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  pending_.clear();
}

void line_writer::fail(int code, const char* doing) const {
  throw std::system_error{code, std::generic_category(),
                          std::string{"cannot "} + doing + " \"" + path_.string() + '"'};
}

} // namespace troupe::detail
