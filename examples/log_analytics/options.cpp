#include "options.hpp"

#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "../command_line.hpp"

namespace log_analytics {

namespace {

constexpr std::size_t most_rows = 10'000;
constexpr std::size_t most_workers = 256;

/// Standard input if something is sent there: not from a terminal, nor from /dev/null as in cron.
std::string default_file() {
  struct stat info {};
  const bool piped = fstat(STDIN_FILENO, &info) == 0 && !S_ISCHR(info.st_mode);
  return piped ? "-" : command_line::data_file("sample.log");
}

std::size_t count_between(const std::string& option, const std::string& text, std::size_t most) {
  const auto value = whole_number(text);
  if (!value || *value < 1 || *value > most)
    command_line::refuse(option, text, "a whole number from 1 to " + std::to_string(most));
  return *value;
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
      "Actors that parse (default: 2, or 1 where there are no more than two cores)", "N");
}

void add_times(command_line::arguments& args, options& o) {
  args.parsed(
      "--since",
      [&o](const std::string& text) {
        const auto m = moment_of("--since", text);
        o.wanted.range.first = {m.second, m.zoned};
      },
      "Only requests from this day or time on, e.g. 2015-05-18 or 2015-05-18T10:05+02:00", "WHEN");
  args.parsed(
      "--until",
      [&o](const std::string& text) {
        const auto m = moment_of("--until", text);
        o.wanted.range.end = {m.second + m.length, m.zoned};
      },
      "Only requests up to and with this day, minute or second. Both are in the time that the log "
      "has, whatever its zone, unless they have an offset",
      "WHEN");
}

void add_selection(command_line::arguments& args, options& o) {
  args.parsed(
      "--format",
      [&o](const std::string& text) {
        auto format = line_format::of(text);
        if (!format)
          command_line::refuse("--format", text, "a format: " + format.error());
        o.lines = std::move(*format);
      },
      "auto (default: each line as it is), common, combined, vcommon, vcombined (the virtual host "
      "in front), w3c, or the text of Apache's LogFormat or nginx's log_format; %^ is a field that "
      "is skipped",
      "FORMAT");
  args.parsed_each(
      "--filter",
      [&o](const std::string& text) {
        auto f = filter::of(text);
        if (!f)
          command_line::refuse("--filter", text, "FIELD OP VALUE: " + f.error());
        o.wanted.filters.push_back(std::move(*f));
      },
      "Only requests for which this holds, e.g. 'status >= 500' or 'path ~ ^/api/'. FIELD is host, "
      "vhost, status, method, path, agent, referrer, bytes or time; OP is =, !=, <, <=, >, >= or ~ "
      "(an extended regular expression). Several: all must hold",
      "FILTER");
  args.flag("--no-query", o.wanted.no_query, "Paths without their query string");
}

void add_options(command_line::arguments& args, options& o) {
  args.texts("FILE", o.files,
             "Access logs, plain or gzip; - is standard input. Default: standard input if it is a "
             "file or pipe, else the sample log");
  args.flag(
      "--json", [&o] { o.format = report_format::json; }, "Write the report as JSON");
  args.flag(
      "--csv", [&o] { o.format = report_format::csv; }, "Write the report as CSV");
  args.exclude("--csv", "--json");
  args.flag(
      "--csv-safe",
      [&o] {
        o.format = report_format::csv;
        o.csv_safe = true;
      },
      "As --csv, for spreadsheets: a cell that begins with = + - @, a formula to them, gets an "
      "apostrophe in front");
  args.exclude("--csv-safe", "--json");
  add_numbers(args, o);
  add_times(args, o);
  add_selection(args, o);
  args.text("--dead-letters", o.dead_letters,
            "Write each malformed line here: number, reason and line, tabs between", "FILE");
  args.text("--html", o.html, "Write the report as a page, too: one file, without scripts", "FILE");
  args.text(
      "--state", o.state,
      "Add to the totals of this file, which the last run wrote; it is made if it is not there, "
      "and written anew when all was read",
      "FILE");
  args.flag(
      "--follow", o.follow,
      "Go on reading one growing log, also where it is renamed or emptied and begun anew. On a "
      "terminal the report is redrawn each second, else printed when a signal ends it; --html "
      "is written anew each second");
  args.flag("--stats", o.stats, "At the end, a table of the stages on standard error");
  args.parsed(
      "--progress", [&o](const std::string& text) { o.progress = progress_of(text); },
      "auto (default: on a terminal), always or never", "WHEN");
  args.footer(
      "Ctrl-C and SIGTERM end the reading and print the report so far; a second one gives up "
      "the lines that are under way, a third ends the program at once.\n"
      "Exit codes: 0 fine, 1 the job failed, 2 wrong usage, 130 and 143 ended by a signal.");
}

} // namespace

namespace {

/// `--filter FIELD OP VALUE` as three arguments is one.
std::vector<std::string> with_joined_filters(int argc, char** argv) {
  std::vector<std::string> all;
  for (int i = 0; i < argc; ++i) {
    all.emplace_back(argv[i]);
    if (all.back() != "--filter" || i + 3 >= argc || !filter::is_operator(argv[i + 2]))
      continue;
    all.push_back(std::string{argv[i + 1]} + ' ' + argv[i + 2] + ' ' + argv[i + 3]);
    i += 3;
  }
  return all;
}

} // namespace

parsed_options parse_options(int argc, char** argv, std::ostream& out, std::ostream& err) {
  options o;
  o.workers = std::thread::hardware_concurrency() > 2 ? 2 : 1; // counting takes as long as parsing
  command_line::arguments args{"Analyses web access logs with a pipeline of actors.",
                               "log_analytics"};
  add_options(args, o);
  auto joined = with_joined_filters(argc, argv);
  std::vector<char*> pointers;
  pointers.reserve(joined.size());
  for (auto& text : joined)
    pointers.push_back(text.data());
  if (const auto code = args.read(static_cast<int>(pointers.size()), pointers.data(), out, err))
    return {std::nullopt, *code};
  const auto& range = o.wanted.range;
  if (range.first.zoned == range.end.zoned && range.first.second >= range.end.second) {
    err << "log_analytics: --until: ends before --since begins, so no request can be in between\n";
    return {std::nullopt, exit_usage};
  }
  if (o.files.empty())
    o.files.push_back(default_file());
  if (o.follow && (o.files.size() > 1 || o.files.front() == "-")) {
    err << "log_analytics: --follow: needs the name of one file\n";
    return {std::nullopt, exit_usage};
  }
  if (std::count(o.files.begin(), o.files.end(), "-") > 1) {
    err << "log_analytics: FILE: - (standard input) can be read once only\n";
    return {std::nullopt, exit_usage};
  }
  return {std::move(o), exit_fine};
}

} // namespace log_analytics
