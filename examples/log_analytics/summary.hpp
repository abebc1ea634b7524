#pragma once

#include "parser.hpp"
#include "tables.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string_view>

#include <troupe/policy/histogram.hpp>

namespace log_analytics {

/// All the figures of the report.
///
/// Bound:  below 100 MB whatever the input: each table has its limits, and what does not fit in
///         counts as other.
/// Cost:   about 150 ns a request.
class summary {
public:
  static constexpr std::size_t highest_status = entry::no_status;
  static constexpr std::size_t most_dates = 10'000;

  void add(const entry& e);
  void add_failed(std::string_view reason, std::uint64_t lines = 1);
  /// A request that was not asked for: counted, and otherwise left out.
  void add_outside() { ++outside_; }
  /// A line that is none of a request: blank, or a comment.
  void add_skipped() { ++skipped_; }

  std::uint64_t lines() const { return requests_ + failed_ + outside_ + skipped_; }
  std::uint64_t requests() const { return requests_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t outside() const { return outside_; }
  std::uint64_t skipped() const { return skipped_; }
  std::uint64_t bytes() const { return bytes_; }
  /// In seconds since 1970, UTC; meaningful only if there are requests.
  std::int64_t first_second() const { return first_second_; }
  std::int64_t last_second() const { return last_second_; }

  /// Distinct pairs of host and agent a day.
  const distinct_set& visitors() const { return visitors_; }
  /// How many requests were in each format, by `shape`.
  const std::array<std::uint64_t, shape_count>& shapes() const { return shapes_; }
  const top_table& vhosts() const { return vhosts_; }
  /// Requests to a server that the log does not name.
  const counts& without_vhost() const { return without_vhost_; }
  const top_table& methods() const { return methods_; }
  const top_table& paths() const { return paths_; }
  const top_table& hosts() const { return hosts_; }
  const top_table& referrers() const { return referrers_; }
  const top_table& agents() const { return agents_; }
  const top_table& not_found() const { return not_found_; }
  const top_table& reasons() const { return reasons_; }
  /// How long requests took, in ns; empty where the log does not say it.
  troupe::histogram served() const;
  /// By path, microseconds in the place of bytes.
  const top_table& served_by_path() const { return served_by_path_; }
  const std::array<counts, highest_status + 1>& statuses() const { return statuses_; }
  const std::array<counts, 24>& hours() const { return hours_; }
  /// By day since 1970.
  const std::map<std::int32_t, counts>& dates() const { return dates_; }
  const counts& other_dates() const { return other_dates_; }

  summary() = default;
  summary(const summary&) = delete;
  summary& operator=(const summary&) = delete;

private:
  friend class summary_state; // keeps it in a file

  counts& on_date(std::int32_t day);
  void add_served(const entry& e);

  static constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

  std::uint64_t requests_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t outside_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t bytes_ = 0;
  std::int64_t first_second_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_second_ = std::numeric_limits<std::int64_t>::min();
  distinct_set visitors_;
  std::array<std::uint64_t, shape_count> shapes_{};
  top_table vhosts_{{.keys = 10'000, .total_bytes = mebibyte}};
  counts without_vhost_;
  top_table methods_{{.keys = 100, .key_bytes = 32, .total_bytes = 4096}};
  top_table paths_;
  top_table hosts_{{.total_bytes = 3 * mebibyte}};
  top_table referrers_;
  top_table agents_;
  top_table not_found_{{.total_bytes = 3 * mebibyte}};
  top_table reasons_{{.keys = 100, .total_bytes = 16'384}};
  std::array<std::uint64_t, troupe::histogram::size> served_{}; // by its buckets
  std::uint64_t longest_served_ = 0;
  top_table served_by_path_;
  std::array<counts, highest_status + 1> statuses_{};
  std::array<counts, 24> hours_{};
  std::map<std::int32_t, counts> dates_;
  counts other_dates_;
  // Most requests are of the same day as the one before.
  std::int32_t latest_day_ = std::numeric_limits<std::int32_t>::min();
  counts* latest_date_ = nullptr;
};

} // namespace log_analytics
