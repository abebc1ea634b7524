#pragma once

#include "dead_letter_file.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "progress.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include <troupe/config.hpp>
#include <troupe/metrics.hpp>
#include <troupe/run.hpp>
#include <troupe/shutdown_signals.hpp>

namespace log_analytics {

/// What the reading came to.
struct outcome {
  std::vector<std::string> inputs = {}; // that were read, in part at least
  std::vector<troupe::graph_metrics> metrics = {};
  bool failed = false; // which has been told
};

/// Reads one input after another into one summary, until they end or a signal comes.
class reader {
public:
  reader(const options& o, std::optional<std::uint64_t> total_bytes, aggregate& sum,
         dead_letter_file& dead, troupe::shutdown_signals& signals);

  /// An input that breaks off is told, and the others are read all the same.
  outcome read_all(const std::vector<std::string>& files);

  /// Reads what comes into a growing file, until a signal comes; calls `changed` each second in
  /// which something has.
  outcome follow(const std::string& file, const std::function<void()>& changed);

private:
  /// Waits for the end of the run. On a signal the source stops, and the rest is counted.
  troupe::report end_of(troupe::run& run);
  read_options how(std::uint64_t lines_before = 0) {
    return {formats_, options_.wanted, options_.workers, lines_before};
  }
  /// Whether the run failed, which is told.
  static bool failed(const troupe::report& end, const std::string& file);

  const options& options_;
  std::optional<std::uint64_t> total_bytes_;
  aggregate& sum_;
  dead_letter_file& dead_;
  troupe::shutdown_signals& signals_;
  formats formats_;
  progress_line line_;
  troupe::config config_;
  caf::actor_system system_{config_};
};

} // namespace log_analytics
