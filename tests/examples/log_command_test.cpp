// What surrounds the figures: options, the look at the inputs, dead letters, progress, the
// generator.

#include <log_analytics/options.hpp>
#include <log_analytics/parser.hpp>
#include <log_analytics/progress.hpp>
#include <log_analytics/summary.hpp>

#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <make_log/generator.hpp>

#include "log_file.hpp"

using namespace log_analytics;
using namespace std::string_literals;
using namespace std::chrono_literals;

namespace {

struct command {
  explicit command(std::vector<std::string> args) {
    args.insert(args.begin(), "log_analytics");
    std::vector<char*> argv;
    for (auto& a : args)
      argv.push_back(a.data());
    result = parse_options(static_cast<int>(argv.size()), argv.data(), out, err);
  }

  std::ostringstream out, err;
  parsed_options result;
};

std::string made(const make_log::settings& s) {
  make_log::generator lines{s};
  std::string text;
  for (std::uint64_t i = 0; i < s.lines; ++i)
    lines.append_line(text);
  return text;
}

} // namespace

TEST_SUITE("log_options") {
  TEST_CASE("a moment is a day, a minute or a second, with an offset or not") {
    CHECK(parse_moment("1970-01-02")->second == 86'400);
    CHECK(parse_moment("1970-01-02")->length == 86'400);
    CHECK(parse_moment("1970-01-01T01:02")->second == 3720);
    CHECK(parse_moment("1970-01-01T01:02")->length == 60);
    CHECK(parse_moment("1970-01-01T01:02:03Z")->second == 3723);
    CHECK(parse_moment("1970-01-01T01:02:03Z")->length == 1);
    CHECK(parse_moment("1970-01-01T02:00+02:00")->second == 0);
    CHECK(parse_moment("1970-01-01T00:00:00-0130")->second == 5400);
    CHECK(parse_moment("1970-01-02+01:00")->second == 82'800);
    CHECK(parse_moment("1970-01-02+01:00")->zoned);
    CHECK(parse_moment("1970-01-02T01:02Z")->zoned);
    CHECK_FALSE(parse_moment("1970-01-02T01:02")->zoned);
  }

  TEST_CASE("what is no moment is refused") {
    for (const auto* text :
         {"", "today", "2015-5-18", "2015-02-29", "2015-13-01", "2015-05-18T", "2015-05-18T25:00",
          "2015-05-18T10:61", "2015-05-18T10", "2015-05-18T10:05:", "2015-05-18T10:05:03.5",
          "2015-05-18T10:05+2", "2015-05-18T10:05+25:00", "2015-05-18 ", "18/May/2015"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_moment(text));
    }
  }

  TEST_CASE("--since is the first second and --until names the last day in full") {
    const command c{{"--since", "1970-01-02", "--until", "1970-01-03", "x.log"}};

    REQUIRE(c.result.value);
    const auto& range = c.result.value->wanted.range;
    CHECK_FALSE(range.contains(0, 86'399));
    CHECK(range.contains(0, 86'400));
    CHECK(range.contains(0, 3 * 86'400 - 1));
    CHECK_FALSE(range.contains(0, 3 * 86'400));
  }

  TEST_CASE("a bound with an offset is in UTC, one without it in the time of the log") {
    const command c{{"--since", "1970-01-02Z", "--until", "1970-01-02", "x.log"}};

    REQUIRE(c.result.value);
    const auto& range = c.result.value->wanted.range;
    CHECK(range.contains(86'400, 0));
    CHECK_FALSE(range.contains(86'399, 86'400));
    CHECK_FALSE(range.contains(86'400, 2 * 86'400));
  }

  TEST_CASE("filters are repeated, the format is a name or directives, and spreadsheets are CSV") {
    const command c{{"--filter", "status >= 500", "--filter", "path~^/api", "--filter", "host", "=",
                     "h", "--no-query", "--format", "vcombined", "--csv-safe", "x.log"}};

    REQUIRE(c.result.value);
    const auto& o = *c.result.value;
    CHECK(o.wanted.filters.size() == 3);
    CHECK(o.wanted.no_query);
    CHECK_FALSE(o.lines.is_told_by_the_log());
    CHECK(o.format == report_format::csv);
    CHECK(o.csv_safe);
    CHECK(o.files == std::vector{"x.log"s});
  }

  TEST_CASE("all options are read") {
    const command c{{"--json", "--top", "3", "--workers", "4", "--dead-letters", "d.txt", "--stats",
                     "--progress", "never", "a.log", "-"}};

    REQUIRE(c.result.value);
    const auto& o = *c.result.value;
    CHECK(o.files == std::vector{"a.log"s, "-"s});
    CHECK(o.format == report_format::json);
    CHECK(o.top == 3);
    CHECK(o.workers == 4);
    CHECK(o.dead_letters == "d.txt");
    CHECK(o.stats);
    CHECK(o.progress == progress_mode::never);
  }

  TEST_CASE("a wrong usage is told in one line that names the option and what is valid, code 2") {
    struct example {
      std::vector<std::string> args;
      std::string message;
    };
    for (const auto& e : std::vector<example>{
             {{"--top", "x"}, "--top: \"x\" is not a whole number from 1 to 10000"},
             {{"--top", "0"}, "--top: \"0\" is not a whole number from 1 to 10000"},
             {{"--workers", "-1"}, "--workers: \"-1\" is not a whole number from 1 to 256"},
             {{"--since", "today"},
              "--since: \"today\" is not YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS], with Z or +hh:mm "
              "behind it or not"},
             {{"--progress", "on"}, "--progress: \"on\" is not one of auto, always, never"},
             {{"--since", "2015-05-18", "--until", "2015-05-17"},
              "--until: ends before --since begins, so no request can be in between"},
             {{"--format", "comined"}, "--format: \"comined\" is not a format: valid are auto,"},
             {{"--filter", "stat > 3"},
              "--filter: \"stat > 3\" is not FIELD OP VALUE: it does not begin with a field: "
              "host,"},
             {{"-", "-"}, "FILE: - (standard input) can be read once only"},
         }) {
      const command c{e.args};
      CHECK_FALSE(c.result.value);
      CHECK(c.result.exit_code == 2);
      CHECK(c.err.str().find("log_analytics: " + e.message) == 0);
      CHECK(c.err.str().find('\n') == c.err.str().size() - 1);
    }
    for (const auto& args : std::vector<std::vector<std::string>>{
             {"--frob"}, {"--top"}, {"--json", "--csv"}, {"--dead-letters"}}) {
      const command c{args};
      CHECK(c.result.exit_code == 2);
      CHECK(c.err.str().find('\n') == c.err.str().size() - 1);
    }
  }

  TEST_CASE("--help is no error") {
    const command c{{"--help"}};

    CHECK_FALSE(c.result.value);
    CHECK(c.result.exit_code == 0);
    CHECK(c.out.str().find("--dead-letters") != std::string::npos);
  }
}

TEST_SUITE("log_progress") {
  TEST_CASE("percent and time left are of the bytes") {
    CHECK(progress_text({.lines = 1'000'000, .bytes = 25, .total_bytes = 100}, 10s)
          == "25%  ETA 0:30  1,000,000 lines  100,000 lines/s");
    CHECK(progress_text({.lines = 5, .bytes = 10, .total_bytes = 40'000}, 1s)
          == "0%  5 lines  5 lines/s"); // too early to tell
  }

  TEST_CASE("without a known size there is neither, and depths are told if there are any") {
    CHECK(progress_text({.lines = 2000, .bytes = 25, .waiting = "parse 512"}, 2s)
          == "2,000 lines  1,000 lines/s  waiting: parse 512");
  }

  TEST_CASE("a file that grew while it was read is at 100 percent, not more") {
    CHECK(progress_text({.lines = 1, .bytes = 300, .total_bytes = 100}, 1s)
          == "100%  ETA 0:00  1 lines  1 lines/s");
  }
}

TEST_SUITE("make_log") {
  TEST_CASE("the same seed makes the same lines, another one others") {
    CHECK(made({.lines = 500, .seed = 7}) == made({.lines = 500, .seed = 7}));
    CHECK(made({.lines = 500, .seed = 7}) != made({.lines = 500, .seed = 8}));
  }

  TEST_CASE("every line can be parsed, times go up and keys stay within their number") {
    const auto text = made({.lines = 20'000, .malformed = 0, .hosts = 50, .paths = 40});
    summary s;
    std::int64_t latest = 0;
    for (const auto line : lines_of(text)) {
      const auto e = parse(line);
      CAPTURE(line);
      REQUIRE(e);
      CHECK(e->utc_second >= latest);
      latest = e->utc_second;
      s.add(*e);
    }

    CHECK(s.requests() == 20'000);
    CHECK(s.hosts().size() <= 50);
    CHECK(s.hosts().size() > 40);
    CHECK(s.dates().size() >= 4);
    CHECK(s.dates().size() <= 6);
    CHECK(s.statuses()[200].hits > 17'000);
  }

  TEST_CASE("the share of malformed lines is the one asked for, and each of them is malformed") {
    const auto failed = [](double share) {
      const auto text = made({.lines = 20'000, .malformed = share});
      int count = 0;
      for (const auto line : lines_of(text))
        count += !parse(line);
      return count;
    };

    CHECK(failed(0) == 0);
    CHECK(failed(1) == 20'000);
    // 20,000 draws of 1 in 10: six standard deviations are 255.
    CHECK(failed(0.1) > 1745);
    CHECK(failed(0.1) < 2255);
  }
}
