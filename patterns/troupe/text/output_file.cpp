#include <troupe/text/output_file.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::detail {

output_file::output_file(std::filesystem::path path, opening how) : path_(std::move(path)) {
  const int mode = how == opening::replace ? O_TRUNC : O_APPEND;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666);
  if (file_ < 0)
    fail("open");
}

output_file::~output_file() {
  if (is_open())
    ::close(file_);
}

void output_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(file_, bytes.data(), bytes.size());
    if (n >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      fail("write");
  }
}

void output_file::close() {
  if (is_open() && ::close(std::exchange(file_, -1)) != 0)
    fail("close");
}

std::uint64_t output_file::size() const noexcept {
  struct stat about {};
  return ::fstat(file_, &about) == 0 && S_ISREG(about.st_mode)
             ? static_cast<std::uint64_t>(about.st_size)
             : 0;
}

bool output_file::ends_amid_a_line() const noexcept {
  const auto bytes = size();
  if (bytes == 0)
    return false;
  const int there = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0)
    return false;
  char last = '\n';
  const bool read = ::pread(there, &last, 1, static_cast<off_t>(bytes) - 1) == 1;
  ::close(there);
  return read && last != '\n';
}

void output_file::fail(const char* doing) const {
  throw std::system_error{errno, std::generic_category(),
                          std::string{"cannot "} + doing + " \"" + path_.string() + '"'};
}

} // namespace troupe::detail
