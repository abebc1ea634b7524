#pragma once

#include <cstdint>
#include <iosfwd>
#include <mutex>

#include <troupe/policy/breaker_event.hpp>

#include "flaky_service/backend.hpp"
#include "flaky_service/tally.hpp"

namespace flaky_service {

/// One client over a span of time.
struct client_row {
  tally callers;
  std::uint64_t load = 0; ///< calls that reached its backend
};

/// Both clients over a span of time that ended at `at`.
struct row {
  troupe::duration at{};
  health backend = health::healthy;
  client_row without;
  client_row with;
  troupe::breaker_state breaker = troupe::breaker_state::closed;
};

/// Writes rows, and what the breaker does between them: that comes from another thread.
class table {
public:
  table(std::ostream& out, troupe::time_point start) : out_(out), start_(start) {}

  void head();
  void add(const row& r);
  void add(const troupe::breaker_event& e);
  void end(const client_row& without, const client_row& with);

private:
  std::mutex mutex_;
  std::ostream& out_;
  troupe::time_point start_;
};

} // namespace flaky_service
