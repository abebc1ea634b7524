#include <troupe/detail/text_input.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef TROUPE_HAS_ZLIB
#include <zlib.h>
#endif

namespace troupe::detail {

namespace {

// How long a silent pipe or terminal may keep the reader from its mailbox.
constexpr int poll_ms = 50;

[[noreturn]] void fail(int code, const char* doing, const std::string& what) {
  throw std::system_error{code, std::generic_category(),
                          std::string{"cannot "} + doing + " " + what};
}

class file_input final : public text_input {
public:
  file_input(int file, std::string name, bool may_wait)
      : file_(file), name_(std::move(name)), may_wait_(may_wait) {}
  ~file_input() override {
    if (file_ != STDIN_FILENO)
      ::close(file_);
  }

  answer read(char* into, std::size_t size, patience p) override {
    if (may_wait_) {
      pollfd ready{file_, POLLIN, 0};
      if (::poll(&ready, 1, p == patience::some ? poll_ms : 0) <= 0)
        return {status::waiting, 0};
    }
    for (;;) {
      const auto n = ::read(file_, into, size);
      if (n > 0)
        return {status::ok, static_cast<std::size_t>(n)};
      if (n == 0)
        return {status::ended, 0};
      if (errno == EAGAIN)
        return {status::waiting, 0};
      if (errno != EINTR)
        fail(errno, "read", name_);
    }
  }

private:
  int file_;
  std::string name_;
  bool may_wait_;
};

class stream_input final : public text_input {
public:
  explicit stream_input(std::istream& in) : in_(in) {}

  // Takes what the stream has, so that a slow one is passed on as it comes.
  answer read(char* into, std::size_t size, patience) override {
    if (in_.peek() == std::istream::traits_type::eof()) {
      if (in_.bad())
        throw std::runtime_error{"cannot read the stream"};
      return {status::ended, 0};
    }
    const auto there = std::max<std::streamsize>(1, in_.rdbuf()->in_avail());
    const auto n = in_.rdbuf()->sgetn(into, std::min(there, static_cast<std::streamsize>(size)));
    return {status::ok, static_cast<std::size_t>(n)};
  }

private:
  std::istream& in_;
};

#ifdef TROUPE_HAS_ZLIB
class gzip_input final : public text_input {
public:
  gzip_input(int file, std::string name) : name_(std::move(name)), file_(::gzdopen(file, "rb")) {
    if (file_ == nullptr) {
      ::close(file);
      throw std::runtime_error{"cannot read " + name_ + ": out of memory"};
    }
    ::gzbuffer(file_, 128 * 1024);
  }
  ~gzip_input() override { ::gzclose(file_); }

  answer read(char* into, std::size_t size, patience) override {
    const auto n = ::gzread(file_, into, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* const what = ::gzerror(file_, &code);
    if (n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END))
      throw std::runtime_error{"cannot read " + name_ + ": " + what};
    return n == 0 ? answer{status::ended, 0} : answer{status::ok, static_cast<std::size_t>(n)};
  }

private:
  std::string name_;
  gzFile file_;
};
#endif

bool is_gzip(int file) {
  unsigned char magic[2] = {};
  return ::pread(file, magic, sizeof magic, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

} // namespace

std::unique_ptr<text_input> open_input(const std::filesystem::path& path) {
  if (path == "-")
    return std::make_unique<file_input>(STDIN_FILENO, "standard input", true);
  auto name = '"' + path.string() + '"';
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    fail(errno, "open", name);
  struct stat about {};
  if (::fstat(file, &about) == 0 && S_ISDIR(about.st_mode)) {
    ::close(file);
    fail(EISDIR, "read", name);
  }
  const bool regular = S_ISREG(about.st_mode);
  if (regular && is_gzip(file)) {
#ifdef TROUPE_HAS_ZLIB
    return std::make_unique<gzip_input>(file, std::move(name));
#else
    ::close(file);
    throw std::runtime_error{"cannot read " + name + ": gzip, and this build has no zlib"};
#endif
  }
  return std::make_unique<file_input>(file, std::move(name), !regular);
}

std::unique_ptr<text_input> open_input(std::istream& in) {
  // The buffer of std::cin is of no use to us, and its file can be waited for.
  if (&in == &std::cin && std::cin.rdbuf()->in_avail() <= 0)
    return open_input(std::filesystem::path{"-"});
  return std::make_unique<stream_input>(in);
}

} // namespace troupe::detail
