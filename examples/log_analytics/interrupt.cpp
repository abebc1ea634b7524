#include "interrupt.hpp"

#include "options.hpp"

#include <csignal>

#include <unistd.h>

namespace log_analytics {

namespace {

volatile std::sig_atomic_t signals = 0;

// Only what is safe in a signal handler: whoever asks twice does not want to wait for anything.
void on_signal(int) {
  if (signals != 0)
    _exit(exit_failed);
  signals = 1;
}

} // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART; // nobody's read or write fails because of it
  for (const int signal : {SIGINT, SIGTERM})
    sigaction(signal, &action, nullptr);
}

bool interrupted() { return signals != 0; }

} // namespace log_analytics
