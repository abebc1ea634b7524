#include <troupe/text/text_input.hpp>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/cast/mail_bell.hpp>
#include <troupe/text/gunzip.hpp>

namespace troupe::detail {

namespace {

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

  int descriptor() const noexcept override { return may_wait_ ? file_ : -1; }

  answer read(char* into, std::size_t size) override {
    if (may_wait_ && !can_be_read(file_))
      return {status::waiting, 0};
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
  answer read(char* into, std::size_t size) override {
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

/// Looks at the first bytes before it decides what they are. They may come one by one.
class file_of_any_kind final : public text_input {
public:
  file_of_any_kind(std::unique_ptr<text_input> file, std::string name)
      : input_(std::move(file)), name_(std::move(name)) {}

  int descriptor() const noexcept override { return input_->descriptor(); }

  answer read(char* into, std::size_t size) override {
    if (decided_ && head_.empty())
      return input_->read(into, size);
    if (!decided_ && !decide())
      return {status::waiting, 0};
    if (head_.empty())
      return input_->read(into, size);
    const auto n = head_.copy(into, size);
    head_.erase(0, n);
    return {status::ok, n};
  }

private:
  // False: there is not enough of it yet.
  bool decide() {
    while (head_.size() < gzip_magic.size()) {
      char next = 0;
      const auto got = input_->read(&next, 1);
      if (got.what == status::waiting)
        return false;
      if (got.what == status::ended)
        break;
      head_ += next;
    }
    if (head_.starts_with(gzip_magic))
      input_ = unpacked(std::move(input_), std::exchange(head_, {}), std::move(name_));
    decided_ = true;
    return true;
  }

  std::unique_ptr<text_input> input_;
  std::string head_;
  std::string name_;
  bool decided_ = false;
};

std::unique_ptr<text_input> standard_input() {
  const std::string name = "standard input";
  struct stat about {};
  const bool regular = ::fstat(STDIN_FILENO, &about) == 0 && S_ISREG(about.st_mode);
  return std::make_unique<file_of_any_kind>(
      std::make_unique<file_input>(STDIN_FILENO, name, !regular), name);
}

} // namespace

std::unique_ptr<text_input> open_input(const std::filesystem::path& path) {
  if (path == "-")
    return standard_input();
  auto name = '"' + path.string() + '"';
  // Not to wait for somebody to open the other end of a pipe: that, too, is waited for later.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    fail(errno, "open", name);
  struct stat about {};
  if (::fstat(file, &about) == 0 && S_ISDIR(about.st_mode)) {
    ::close(file);
    fail(EISDIR, "read", name);
  }
  return std::make_unique<file_of_any_kind>(
      std::make_unique<file_input>(file, name, !S_ISREG(about.st_mode)), name);
}

std::unique_ptr<text_input> open_input(std::istream& in) {
  // The buffer of std::cin is of no use to us, and its file can be waited for.
  if (&in == &std::cin && std::cin.rdbuf()->in_avail() <= 0)
    return standard_input();
  return std::make_unique<stream_input>(in);
}

} // namespace troupe::detail
