#include <troupe/cast/reading_source_actor.hpp>

#include <chrono>

namespace troupe::detail {

void reading_source_actor::wait_for_input(int descriptor) {
  if (!is_testing(system())) {
    bell_.wait(descriptor, [this] { return !mailbox().empty(); });
    pump_again();
    return;
  }
  // Virtual time has one thread only, which must not wait here: whoever fills the pipe is outside
  // of it, so it gets a moment, and the clock moves on.
  if (can_be_read(descriptor, 1))
    pump_again();
  else
    wake_at(now() + std::chrono::milliseconds{1});
}

} // namespace troupe::detail
