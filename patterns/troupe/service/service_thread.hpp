#pragma once

#include <string>
#include <string_view>

#include <caf/fwd.hpp>

namespace troupe::detail {

/// Whether this thread is at work for a service: then it must not wait for one.
class service_thread {
public:
  service_thread() noexcept { ++depth(); }
  service_thread(const service_thread&) = delete;
  service_thread& operator=(const service_thread&) = delete;
  ~service_thread() { --depth(); }

  static bool inside() noexcept { return depth() > 0; }
  /// Also where an actor runs that is at work for nobody's call.
  static bool must_not_wait(caf::actor_system& sys) noexcept;

private:
  static int& depth() noexcept;
};

/// Throws std::logic_error where a thread must not wait. `what` waits, `instead` is what to do.
void refuse_to_wait_for(const std::string& service, caf::actor_system& sys, std::string_view what,
                        std::string_view instead);

} // namespace troupe::detail
