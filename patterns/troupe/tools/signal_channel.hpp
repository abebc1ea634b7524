#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <troupe/error.hpp>

namespace troupe::detail {

/// "SIGQUIT", or "signal 40".
std::string signal_name(int signal);

/// Brings signals from whatever thread they come to, to the one that calls `next`.
///
/// Shape:  takes the handlers over when it begins, and gives them back at the end. Each signal has
///         one owner in a process.
/// Bound:  a pipe, of which a process needs as many as there are channels at one time; they are
///         used again and never closed: a handler may still be running when its channel is gone.
/// Errors: std::logic_error for a signal that has an owner, named; std::invalid_argument for one
///         that cannot be caught; std::system_error where there is no pipe to be had.
class signal_channel {
public:
  /// `who`: the owner, for who comes second. Of signals that come sooner after each other than
  /// `apart` the first counts.
  signal_channel(std::string who, std::vector<int> signals, duration apart = {});
  signal_channel(const signal_channel&) = delete;
  signal_channel& operator=(const signal_channel&) = delete;
  ~signal_channel();

  /// Waits for the next signal; 0: `wake` was called.
  int next() const;
  void wake() const noexcept;
  /// The handlers from before have the signals again. Not from two threads at once.
  void restore() noexcept;

  /// How many have come, and the first of them (0: none has).
  int received() const noexcept;
  int first() const noexcept;

private:
  struct line; ///< what a handler sees
  friend struct signal_table;

  void take();
  void disown() const;

  std::string who_;
  std::vector<int> signals_;
  line* line_ = nullptr;
  std::vector<struct sigaction> before_; ///< of the first of them; empty once they are restored
};

} // namespace troupe::detail
