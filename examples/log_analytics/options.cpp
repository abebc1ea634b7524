#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "../command_line.hpp"

namespace log_analytics {

namespace {

constexpr std::size_t most_rows = 10'000;
constexpr std::size_t most_workers = 256;

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [at, failure] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || digits.front() == '-' || failure != std::errc{} || at != end)
    return std::nullopt;
  return value;
}

/// "+02:00", "-0530", "Z" or nothing as seconds east of UTC.
std::optional<std::int64_t> zone_seconds(std::string_view zone) {
  if (zone.empty() || zone == "Z" || zone == "z")
    return 0;
  const bool colon = zone.size() == 6 && zone[3] == ':';
  if ((zone.size() != 5 && !colon) || (zone[0] != '+' && zone[0] != '-'))
    return std::nullopt;
  const auto hours = number(zone.substr(1, 2));
  const auto minutes = number(zone.substr(colon ? 4 : 3, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59)
    return std::nullopt;
  const std::int64_t seconds = std::int64_t{*hours} * 3600 + std::int64_t{*minutes} * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

/// "10:05" or "10:05:03" as a moment of the first day.
std::optional<moment> clock_time(std::string_view text) {
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':')
    return std::nullopt;
  const auto hour = number(text.substr(0, 2));
  const auto minute = number(text.substr(3, 2));
  const bool with_second = text.size() == 8;
  const auto second = with_second ? number(text.substr(6)) : 0;
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59
      || (with_second && text[5] != ':'))
    return std::nullopt;
  return moment{std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60 + *second,
                with_second ? 1 : 60};
}

/// The sample log of the source tree in whose build folder this program lies, or below the current
/// folder.
std::string sample_log() {
  namespace fs = std::filesystem;
  const fs::path sample = fs::path{"examples"} / "data" / "sample.log";
  std::error_code failure;
  auto folder = fs::read_symlink("/proc/self/exe", failure);
  while (!failure && folder.has_relative_path()) {
    folder = folder.parent_path();
    if (fs::exists(folder / sample, failure))
      return (folder / sample).string();
    failure.clear();
  }
  return sample.string();
}

/// Standard input if something is sent there: not from a terminal, nor from /dev/null as in cron.
std::string default_file() {
  struct stat info {};
  const bool piped = fstat(STDIN_FILENO, &info) == 0 && !S_ISCHR(info.st_mode);
  return piped ? "-" : sample_log();
}

std::size_t count_between(const std::string& option, const std::string& text, std::size_t most) {
  const auto value = number(text);
  if (!value || *value < 1 || static_cast<std::size_t>(*value) > most)
    command_line::refuse(option, text, "a whole number from 1 to " + std::to_string(most));
  return static_cast<std::size_t>(*value);
}

moment moment_of(const std::string& option, const std::string& text) {
  if (const auto m = parse_moment(text))
    return *m;
  command_line::refuse(option, text,
                       "YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS], with Z or +hh:mm behind it or not");
}

progress_mode progress_of(const std::string& text) {
  if (text == "auto")
    return progress_mode::automatic;
  if (text == "always")
    return progress_mode::always;
  if (text == "never")
    return progress_mode::never;
  command_line::refuse("--progress", text, "one of auto, always, never");
}

void add_numbers(command_line::arguments& args, options& o) {
  args.parsed(
      "--top", [&o](const std::string& text) { o.top = count_between("--top", text, most_rows); },
      "Rows of each ranked table (default: 10)", "N");
  args.parsed(
      "--workers",
      [&o](const std::string& text) { o.workers = count_between("--workers", text, most_workers); },
      "Actors that parse (default: one a core)", "N");
}

void add_times(command_line::arguments& args, options& o) {
  args.parsed(
      "--since",
      [&o](const std::string& text) { o.range.first = moment_of("--since", text).second; },
      "Only requests from this day or time on, e.g. 2015-05-18 or 2015-05-18T10:05+02:00", "WHEN");
  args.parsed(
      "--until",
      [&o](const std::string& text) {
        const auto m = moment_of("--until", text);
        o.range.end = m.second + m.length;
      },
      "Only requests up to and with this day, minute or second; UTC unless it has an offset",
      "WHEN");
}

void add_options(command_line::arguments& args, options& o) {
  args.texts("FILE", o.files,
             "Access logs in the combined or common format; - is standard input. Default: "
             "standard input if it is a file or pipe, else the sample log");
  args.flag(
      "--json", [&o] { o.format = report_format::json; }, "Write the report as JSON");
  args.flag(
      "--csv", [&o] { o.format = report_format::csv; }, "Write the report as CSV");
  args.exclude("--csv", "--json");
  add_numbers(args, o);
  add_times(args, o);
  args.text("--dead-letters", o.dead_letters,
            "Write each malformed line here: number, reason and line, tabs between", "FILE");
  args.flag("--stats", o.stats, "At the end, a table of the stages on standard error");
  args.parsed(
      "--progress", [&o](const std::string& text) { o.progress = progress_of(text); },
      "auto (default: on a terminal), always or never", "WHEN");
  args.footer("Ctrl-C ends the reading and prints the report so far; a second one stops at once.\n"
              "Exit codes: 0 fine, 1 the job failed, 2 wrong usage.");
}

} // namespace

std::optional<moment> parse_moment(std::string_view text) {
  constexpr std::size_t date_length = 10;
  if (text.size() < date_length || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok())
    return std::nullopt;
  constexpr std::int64_t day_length = 86400;
  moment result{std::chrono::sys_days{date}.time_since_epoch().count() * day_length, day_length};
  auto rest = text.substr(date_length);
  if (rest.starts_with('T') || rest.starts_with('t') || rest.starts_with(' ')) {
    rest.remove_prefix(1);
    const auto length = std::min(rest.find_first_of("Zz+-"), rest.size());
    const auto time = clock_time(rest.substr(0, length));
    if (!time)
      return std::nullopt;
    result = {result.second + time->second, time->length};
    rest.remove_prefix(length);
  }
  const auto zone = zone_seconds(rest);
  if (!zone)
    return std::nullopt;
  result.second -= *zone;
  return result;
}

parsed_options parse_options(int argc, char** argv, std::ostream& out, std::ostream& err) {
  options o;
  o.workers = std::max(1U, std::thread::hardware_concurrency());
  command_line::arguments args{"Analyses web access logs with a pipeline of actors.",
                               "log_analytics"};
  add_options(args, o);
  if (const auto code = args.read(argc, argv, out, err))
    return {std::nullopt, *code};
  if (o.range.first >= o.range.end) {
    err << "log_analytics: --until: ends before --since begins, so no request can be in between\n";
    return {std::nullopt, exit_usage};
  }
  if (o.files.empty())
    o.files.push_back(default_file());
  if (std::count(o.files.begin(), o.files.end(), "-") > 1) {
    err << "log_analytics: FILE: - (standard input) can be read once only\n";
    return {std::nullopt, exit_usage};
  }
  return {std::move(o), exit_fine};
}

} // namespace log_analytics
