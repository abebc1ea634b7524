#pragma once

namespace troupe::detail {

/// Whether this thread is at work for a service: then it must not wait for one.
class service_thread {
public:
  service_thread() noexcept { ++depth(); }
  service_thread(const service_thread&) = delete;
  service_thread& operator=(const service_thread&) = delete;
  ~service_thread() { --depth(); }

  static bool inside() noexcept { return depth() > 0; }

private:
  static int& depth() noexcept;
};

} // namespace troupe::detail
