#include <troupe/text/line_writer.hpp>

#include <cstddef>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t write_size = 64 * 1024;

} // namespace

line_writer::line_writer(std::filesystem::path path)
    : file_(std::move(path), output_file::opening::replace) {}

line_writer::~line_writer() {
  if (!file_.is_open())
    return;
  try {
    // The run was cut short: what was delivered so far should be in the file.
    close();
  } catch (const std::system_error&) { // NOLINT(bugprone-empty-catch)
    // The report of a run that was cut short already says that not all is well.
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
  file_.close();
}

void line_writer::flush() {
  file_.write(pending_);
  pending_.clear();
}

} // namespace troupe::detail
