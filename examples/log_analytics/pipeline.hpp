#pragma once

#include "dead_letter_file.hpp"
#include "options.hpp"
#include "summary.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include <caf/actor_system.hpp>

#include <troupe/lines.hpp>
#include <troupe/result.hpp>
#include <troupe/run.hpp>

namespace log_analytics {

/// A parsed line. `origin` keeps the bytes alive that `request` points into.
struct record {
  troupe::line origin;
  entry request;
};

/// The function of the stage "parse".
troupe::result<record> parse_line(const troupe::line& line);

/// Where the lines of all inputs come together. `add` is called by one actor, the counters may be
/// read by others meanwhile.
class aggregate {
public:
  explicit aggregate(time_range range) : range_(range) {}

  void add(const record& r);

  /// Of the requests added.
  std::uint64_t lines() const { return lines_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// Only while no run is on.
  summary& figures() { return figures_; }

private:
  time_range range_;
  summary figures_;
  std::atomic<std::uint64_t> lines_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

/// Reads `file`, "-" for standard input, into `into`; what is malformed goes to `dead`. Both must
/// outlive the run.
troupe::run start_run(caf::actor_system& sys, const std::string& file, std::size_t workers,
                      aggregate& into, dead_letter_file& dead);

} // namespace log_analytics
