#pragma once

#include <cstdint>
#include <string>

namespace make_log {

struct settings {
  std::uint64_t lines = 1000;
  std::uint64_t seed = 1;
  double malformed = 0.001; // of lines, 0..1
  std::uint64_t hosts = 20'000;
  std::uint64_t paths = 5'000;
  std::int64_t start = 1'431'820'800; // seconds since 1970, UTC: 2015-05-17
  double days = 4;                    // that the lines spread over, about
};

/// Splitmix64: small, fast, and the same on every machine, which the standard
/// distributions are not.
class random_bits {
public:
  explicit random_bits(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// Below `limit`, which is not 0.
  std::uint64_t below(std::uint64_t limit);
  /// In [0, 1).
  double fraction();
  bool chance(double probability) { return fraction() < probability; }
  /// A rank below `count`, the k-th about 1/k as frequent as the first, as hosts and pages are.
  std::uint64_t zipf(std::uint64_t count);

private:
  std::uint64_t state_;
};

/// Makes access log lines in the combined format, the same for the same settings.
///
/// Bound:  a few hundred bytes.
/// Cost:   about 300 ns a line.
class generator {
public:
  explicit generator(const settings& s);

  /// Appends one line with its line feed.
  void append_line(std::string& out);

private:
  void advance_time();
  void append_host(std::string& out, std::uint64_t rank);
  void append_path(std::string& out, std::uint64_t rank);
  void append_missing_path(std::string& out);
  void append_agent(std::string& out, std::uint64_t host_rank);
  void append_referrer(std::string& out);
  void append_request(std::string& out, std::uint64_t path_rank, int status);
  void append_malformed(std::string& out);
  int draw_status();
  std::uint64_t size_of(std::uint64_t path_rank, int status);

  settings settings_;
  random_bits random_;
  double mean_gap_; // seconds between lines
  double time_;     // seconds since 1970
  std::int64_t stamped_second_ = -1;
  std::string stamp_; // " - - [17/May/2015:10:05:03 +0000] \""
};

} // namespace make_log
