#pragma once

#include <functional>
#include <memory>
#include <string>

#include <caf/fwd.hpp>

namespace troupe {

struct dump_options {
  /// Gets the text, which ends in a new line, on a thread of ours; empty: it goes to stderr. What
  /// it throws ends the process.
  std::function<void(const std::string&)> to = {};
};

/// On a signal, tells what every run of an actor system is doing, and goes on: as Go does for its
/// goroutines on SIGQUIT.
///
///     const troupe::dump_on dump{sys, SIGQUIT};    // Ctrl-\, or kill -QUIT
///
/// Shape:  catches the signal while it lives. The text is that of `still_alive`: of each run its
///         name, its stages with what their actors do and their counters, and who waits for whom.
/// Bound:  one thread, and the text.
/// Errors: std::logic_error for a signal that another, or shutdown_signals, has already;
///         std::invalid_argument for one that cannot be caught; std::system_error if there is no
///         pipe or no thread to be had.
/// Ends:   gives the previous handler back, and waits for a text that is being written. It must go
///         before the actor system: declare it behind that.
/// Note:   not under CAF's testing scheduler, which has one thread.
class dump_on {
public:
  [[nodiscard]] dump_on(caf::actor_system& sys, int signal, dump_options options = {});
  dump_on(const dump_on&) = delete;
  dump_on& operator=(const dump_on&) = delete;
  ~dump_on();

private:
  class watcher;
  std::unique_ptr<watcher> watcher_;
};

} // namespace troupe
