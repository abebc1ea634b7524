#pragma once

#include "dead_letter_file.hpp"
#include "filter.hpp"
#include "line_format.hpp"
#include "moment.hpp"
#include "summary.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>

#include <troupe/lines.hpp>
#include <troupe/result.hpp>
#include <troupe/run.hpp>

namespace log_analytics {

/// A line, and how it is to be read. `format` lives as long as the formats that it is from.
struct readable {
  troupe::line text;
  const line_format* format = nullptr;
};

/// A line that has been read. `origin` keeps the bytes alive that the entry points into.
struct record {
  troupe::line origin = {};
  parsed_entry parsed = {};
  std::optional<rejection> refused = {};
  bool wanted = true; // what was asked for
};

/// What of the requests is asked for, and how much of it.
struct selection {
  time_range range = {};
  std::vector<filter> filters = {};
  bool no_query = false; // paths end before their '?'
};

/// Which format each line is in. A log in the W3C format says it in lines of its own, which may
/// change in the middle: so the lines must come in their order. By one actor.
///
/// Bound: 10,000 formats, and 4 MiB of their directives; lines of more are refused.
class formats {
public:
  explicit formats(line_format given) : given_(std::move(given)) {}

  /// `number`: 1 for the first line of an input.
  const line_format* format_of(std::string_view line, std::uint64_t number);
  /// That of all lines of this file; null: it may say so itself, or is not known yet.
  const line_format* format_of_all(const std::string& file) const;

private:
  static constexpr std::size_t most = 10'000;
  static constexpr std::size_t most_bytes = std::size_t{4} * 1024 * 1024;

  void use_fields();

  line_format given_;
  const line_format* current_ = &given_;
  std::string fields_; // of the last "#Fields:" and "#Date:" of this input
  std::string date_;
  std::map<std::pair<std::string, std::string>, line_format> known_; // by those
  std::size_t known_bytes_ = 0;
  line_format refusing_ = line_format::of_w3c({});
};

/// Where the lines of all inputs come together, in their order. `add` is called by one actor, the
/// counters may be read by others meanwhile.
class aggregate {
public:
  /// Adds the lines to these, before there are any.
  void go_on_with(std::unique_ptr<summary> so_far) { figures_ = std::move(so_far); }

  /// A line that is no request is the error.
  troupe::result<void> add(const record& r);

  /// Of all but those that are no requests.
  std::uint64_t lines() const { return lines_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// Only while no run is on.
  const summary& figures() const { return *figures_; }

private:
  std::unique_ptr<summary> figures_ = std::make_unique<summary>();
  std::atomic<std::uint64_t> lines_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

/// How the inputs of a report are read.
struct read_options {
  formats& by;
  const selection& wanted;
  std::size_t workers = 1;
  std::uint64_t lines_before = 0; // of this input, which were read before
};

/// Reads `file`, "-" for standard input, into `into`; what is malformed goes to `dead`, in the
/// order of the lines. All must outlive the run.
troupe::run start_run(caf::actor_system& sys, const std::string& file, const read_options& how,
                      aggregate& into, dead_letter_file& dead);
/// The same for a part of a file.
troupe::run start_run(caf::actor_system& sys, std::istream& text, const read_options& how,
                      aggregate& into, dead_letter_file& dead);

} // namespace log_analytics
