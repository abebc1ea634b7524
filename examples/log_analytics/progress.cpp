#include "progress.hpp"

#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace log_analytics {

namespace {

/// "1:02:03" or "2:03"
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::clamp(seconds, 0.0, 3.6e8)));
  const auto two = [](std::uint64_t n) { return std::to_string(n + 100).substr(1); };
  const auto hours = whole / 3600;
  const auto minutes = whole / 60 % 60;
  return (hours > 0 ? std::to_string(hours) + ':' + two(minutes) : std::to_string(minutes)) + ':'
         + two(whole % 60);
}

} // namespace

std::string progress_text(const progress_state& state, std::chrono::duration<double> elapsed) {
  std::string result;
  const auto seconds = std::max(elapsed.count(), 1e-3);
  if (state.total_bytes && *state.total_bytes > 0) {
    // A file that grows while it is read has no more than all of it behind it.
    const auto share
        = std::min(1.0, static_cast<double>(state.bytes) / static_cast<double>(*state.total_bytes));
    result += std::to_string(static_cast<int>(share * 100)) + "%  ";
    if (share > 0.01)
      result += "ETA " + clock_text(seconds / share - seconds) + "  ";
  }
  result += with_separators(state.lines) + " lines  ";
  result += with_separators(static_cast<std::uint64_t>(static_cast<double>(state.lines) / seconds));
  result += " lines/s";
  if (!state.waiting.empty())
    result += "  waiting: " + state.waiting;
  return result;
}

progress_line::progress_line(progress_mode mode)
    : shown_(mode == progress_mode::always
             || (mode == progress_mode::automatic && isatty(STDERR_FILENO) == 1)) {}

void progress_line::draw(const progress_state& state) {
  if (!shown_)
    return;
  const auto columns = std::max<std::size_t>(terminal_columns(STDERR_FILENO), 40);
  const auto text = progress_text(state, std::chrono::steady_clock::now() - start_);
  // One column less, as a full line makes some terminals scroll.
  std::cerr << "\r\x1b[K" << fitted(text, columns - 1) << std::flush;
  drawn_ = true;
}

void progress_line::clear() {
  if (drawn_)
    std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

std::size_t terminal_columns(int descriptor) {
  winsize size{};
  constexpr std::size_t usual = 80;
  if (isatty(descriptor) != 1)
    return 0;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

} // namespace log_analytics
