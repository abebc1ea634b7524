#pragma once

#include "options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace log_analytics {

/// How far a run has come.
struct progress_state {
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> total_bytes = {};
  std::string waiting = {}; // mailbox depths, e.g. "parse 512, aggregate 256"
};

/// The text of the progress line: percent and time left where the size is known, lines, lines/s,
/// mailbox depths.
std::string progress_text(const progress_state& state, std::chrono::duration<double> elapsed);

/// A line on standard error that is drawn over and over, and gone at the end.
class progress_line {
public:
  /// How often it is worth drawing.
  static constexpr std::chrono::milliseconds period{200};

  explicit progress_line(progress_mode mode);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() { clear(); }

  bool shown() const { return shown_; }
  void draw(const progress_state& state);
  void clear();

private:
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Columns of the terminal that `descriptor` is, or 0 if it is none.
std::size_t terminal_columns(int descriptor);

} // namespace log_analytics
