#include <troupe/text/letter_writer.hpp>

#include <cstddef>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;

} // namespace

// A process that was killed may have left half a line, which must not become a part of ours.
letter_writer::letter_writer(std::filesystem::path path, std::uint64_t max_bytes,
                             output_file::opening how)
    : max_bytes_(max_bytes), file_(std::move(path), how), bytes_(file_.size()),
      ends_amid_a_line_(file_.ends_amid_a_line()) {}

letter_writer::~letter_writer() {
  // Who wants to know what came of it has asked.
  (void)close();
}

void letter_writer::add(std::string_view line) {
  const std::lock_guard lock{mutex_};
  if (!file_.is_open() || error_ || line.size() > max_bytes_ || bytes_ > max_bytes_ - line.size()) {
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
  keep_error_of([this] { file_.close(); });
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
  if (file_.is_open() && !error_)
    keep_error_of([this] { file_.write(buffer_); });
  // If it failed, some of them may be in the file: which, nobody can tell.
  (error_ ? unwritten_ : written_) += std::exchange(buffered_, 0);
  buffer_.clear();
}

template <class Action>
void letter_writer::keep_error_of(Action action) noexcept {
  try {
    action();
  } catch (const std::system_error& e) {
    if (!error_)
      error_ = error{errc::stage_failed, {}, e.what()};
  }
}

} // namespace troupe::detail
