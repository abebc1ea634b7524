// make_log: writes realistic access log lines to standard output, for examples, tests and
// benchmarks.
//
//   make_log --lines 1000000 --seed 7 --malformed 0.001 > big.log
//
// The same options give the same bytes. No actors here: one generator, one buffer.

#include "generator.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "command_line.hpp"

namespace {

constexpr std::size_t buffer_size = std::size_t{256} * 1024;
constexpr double last_second = 253'402'300'799; // of the year 9999, in which a date has its form

/// Writes all of `text`; false if standard output is closed or broken, see errno.
bool write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

int generate(const make_log::settings& s) {
  make_log::generator lines{s};
  std::string buffer;
  buffer.reserve(buffer_size + 4096);
  for (std::uint64_t i = 1; i <= s.lines; ++i) {
    lines.append_line(buffer);
    if (buffer.size() < buffer_size && i < s.lines)
      continue;
    if (!write_all(buffer)) {
      if (errno == EPIPE) // `make_log | head` is no error
        return 0;
      std::cerr << "make_log: standard output: " << std::generic_category().message(errno) << '\n';
      return 1;
    }
    buffer.clear();
  }
  return 0;
}

/// Midnight UTC of "YYYY-MM-DD" in seconds since 1970.
std::int64_t start_of(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int used = 0;
  const int fields = std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &used);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (fields != 3 || static_cast<std::size_t>(used) != text.size() || !date.ok() || year < 1970)
    command_line::refuse("--start", text, "YYYY-MM-DD, from 1970 on");
  return std::chrono::seconds{std::chrono::sys_days{date}.time_since_epoch()}.count();
}

int run(int argc, char** argv) {
  make_log::settings s;
  command_line::arguments args{"Writes access log lines in the combined format to standard output.",
                               "make_log"};
  args.show_defaults();
  args.number("--lines", s.lines, "How many lines", std::uint64_t{0}, std::uint64_t{1} << 50);
  args.number("--seed", s.seed, "The same seed makes the same lines");
  args.number("--malformed", s.malformed, "Share of malformed lines, 0 to 1", 0.0, 1.0);
  args.number("--hosts", s.hosts, "Distinct hosts, at most", std::uint64_t{1},
              std::uint64_t{1} << 40);
  args.number("--paths", s.paths, "Distinct paths, at most", std::uint64_t{1},
              std::uint64_t{1} << 40);
  args.number("--days", s.days, "Days that the lines spread over, about", 0.0, 36500.0);
  args.parsed(
      "--start", [&s](const std::string& text) { s.start = start_of(text); },
      "The first day (default: 2015-05-17)", "YYYY-MM-DD");
  if (const auto code = args.read(argc, argv))
    return *code;
  if (static_cast<double>(s.start) + (s.days + 1) * 86'400 > last_second) {
    std::cerr
        << "make_log: --start: the lines would go on beyond the year 9999 (see make_log --help)\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN); // so that write tells
  return generate(s);
}

} // namespace

int main(int argc, char** argv) { return command_line::guarded("make_log", run, argc, argv); }
