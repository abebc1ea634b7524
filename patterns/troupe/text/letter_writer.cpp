#include <troupe/text/letter_writer.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/tools/json_text.hpp>

namespace troupe::detail {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;

} // namespace

std::string json_line(const dead_letter& letter, std::string_view time) {
  std::string out = "{\"time\":";
  append_json_string(out, time);
  if (!letter.run.empty()) {
    out += ",\"run\":";
    append_json_string(out, letter.run);
  }
  out += ",\"stage\":";
  append_json_string(out, letter.stage);
  out += ",\"code\":";
  append_json_string(out, to_string(letter.reason.code()));
  out += ",\"message\":";
  append_json_string(out, letter.reason.message());
  out += ",\"attempts\":" + std::to_string(letter.attempts);
  if (letter.has_text || !letter.text.empty()) {
    out += ",\"item\":";
    if (!append_json_string(out, letter.text))
      out += ",\"item_hex\":\"" + hex_of(letter.text) + '"';
  }
  out += "}\n";
  return out;
}

std::string utc_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
  const std::time_t seconds = us / 1'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> date{};
  const auto length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(us % 1'000'000));
  return std::string{date.data(), length} + fraction.data();
}

letter_writer::letter_writer(std::filesystem::path path, std::uint64_t max_bytes, opening how)
    : path_(std::move(path)), max_bytes_(max_bytes) {
  const int mode = how == opening::replace ? O_TRUNC : O_APPEND;
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666);
  if (file_ < 0)
    throw std::system_error{errno, std::generic_category(),
                            "cannot open \"" + path_.string() + '"'};
  begin_after_what_is_there();
}

letter_writer::~letter_writer() {
  // Who wants to know what came of it has asked.
  (void)close();
}

// A process that was killed may have left half a line, which must not become a part of ours.
void letter_writer::begin_after_what_is_there() {
  struct stat about {};
  if (::fstat(file_, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
    return;
  bytes_ = static_cast<std::uint64_t>(about.st_size);
  const int there = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0)
    return;
  char last = '\n';
  ends_amid_a_line_ = ::pread(there, &last, 1, about.st_size - 1) == 1 && last != '\n';
  ::close(there);
}

void letter_writer::add(std::string_view line) {
  const std::lock_guard lock{mutex_};
  if (file_ < 0 || error_ || line.size() > max_bytes_ || bytes_ > max_bytes_ - line.size()) {
    ++unwritten_;
    return;
  }
  if (std::exchange(ends_amid_a_line_, false)) {
    buffer_ += '\n';
    ++bytes_;
  }
  buffer_ += line;
  bytes_ += line.size();
  ++buffered_;
  if (buffer_.size() >= buffer_size)
    write_out();
}

std::optional<error> letter_writer::flush() {
  const std::lock_guard lock{mutex_};
  write_out();
  return error_;
}

std::optional<error> letter_writer::close() {
  const std::lock_guard lock{mutex_};
  write_out();
  if (file_ >= 0 && ::close(std::exchange(file_, -1)) != 0)
    give_up(errno, "close");
  return error_;
}

std::uint64_t letter_writer::written() const {
  const std::lock_guard lock{mutex_};
  return written_ + buffered_;
}

std::uint64_t letter_writer::unwritten() const {
  const std::lock_guard lock{mutex_};
  return unwritten_;
}

void letter_writer::write_out() noexcept {
  std::string_view rest = buffer_;
  while (!rest.empty() && file_ >= 0 && !error_) {
    const auto n = ::write(file_, rest.data(), rest.size());
    if (n >= 0)
      rest.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      give_up(errno, "write");
  }
  if (error_) {
    // Some of them may be in the file: which, nobody can tell.
    unwritten_ += std::exchange(buffered_, 0);
  } else {
    written_ += std::exchange(buffered_, 0);
  }
  buffer_.clear();
}

void letter_writer::give_up(int code, const char* doing) noexcept {
  if (!error_)
    error_ = error{errc::stage_failed,
                   {},
                   std::string{"cannot "} + doing + " \"" + path_.string()
                       + "\": " + std::generic_category().message(code)};
}

} // namespace troupe::detail
