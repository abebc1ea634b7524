#include <log_analytics/line_format.hpp>
#include <log_analytics/report.hpp>
#include <log_analytics/summary.hpp>
#include <log_analytics/text.hpp>

#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <make_log/generator.hpp>

#include "log_file.hpp"

using namespace log_analytics;

namespace {

/// The real log where it is at hand, else one that looks like it.
std::string some_log() {
  auto log = read_reference_log();
  if (!log.empty())
    return log;
  make_log::generator lines{{.lines = 10'000, .malformed = 0}};
  for (int i = 0; i < 10'000; ++i)
    lines.append_line(log);
  return log;
}

std::uint64_t fresh_seed() { return std::random_device{}(); }

void count(summary& s, std::string_view line) {
  if (const auto e = parse(line))
    s.add(*e);
  else
    s.add_failed(to_string(e.error()));
}

/// What must hold of any summary: each table counts each request, and the reports can be written.
void check_sums(const summary& s) {
  for (const auto* table : {&s.paths(), &s.hosts(), &s.referrers(), &s.agents(), &s.methods()})
    CHECK(table->total().hits == s.requests());
  CHECK(s.reasons().total().hits == s.failed());
  counts hours;
  for (const auto& hour : s.hours())
    hours.add(hour);
  CHECK(hours == counts{s.requests(), s.bytes()});
  CHECK(s.not_found().total() == s.statuses()[404]);

  std::ostringstream json, text, csv, html;
  write_json(json, s, {});
  write_text(text, s, {.columns = 120});
  write_csv(csv, s, {});
  write_html(html, s, {});
  CHECK(nlohmann::json::parse(json.str())["general"]["requests"] == s.requests());
  for (const char c : text.str() + csv.str() + html.str())
    REQUIRE((c == '\n' || static_cast<unsigned char>(c) >= ' '));
}

} // namespace

TEST_SUITE("log_fuzz") {
  TEST_CASE("with one byte in 1,000 flipped, lines of any format are parsed or rejected") {
    const auto seed = fresh_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    std::string w3c;
    std::string piped;
    const auto log = some_log();
    for (const auto line : lines_of(log)) {
      const auto e = *parse(line);
      const auto time = time_text(e.utc_second);
      const std::string path{e.path};
      const auto figures = std::to_string(e.status) + ' ' + std::to_string(e.bytes) + " 12.5";
      (w3c += time + ' ').append(e.host).append(" GET " + path + " - " + figures + '\n');
      (piped += time + '|')
          .append(e.host)
          .append("|GET " + path + "|" + figures + "|\"")
          .append(e.agent)
          += "\"\n";
    }
    struct example {
      line_format format;
      std::string text;
    };
    for (auto& [format, text] : std::vector<example>{
             {line_format::of_w3c("date time c-ip cs-method cs-uri-stem cs-uri-query sc-status "
                                  "sc-bytes time-taken"),
              w3c},
             {*line_format::of("%{%Y-%m-%d %H:%M:%S}t|%h|%m %U|%s %b %T|\"%{User-Agent}i\""),
              piped},
             {*line_format::of("combined"), log}}) {
      for (std::size_t i = 0; i < text.size() / 1000; ++i)
        text[random() % text.size()] = static_cast<char>(random());
      summary s;
      const auto lines = lines_of(text);
      for (const auto line : lines)
        if (const auto r = format.parse(line))
          s.add(r->request);
        else
          is_skipped(r.error()) ? s.add_skipped() : s.add_failed(to_string(r.error()));
      CHECK(s.lines() == lines.size());
      CHECK(s.requests() > lines.size() / 2);
      check_sums(s);
    }
  }

  TEST_CASE("with one byte in 1,000 flipped, parsed and rejected lines are all lines") {
    const auto seed = fresh_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    auto log = some_log();
    for (std::size_t i = 0; i < log.size() / 1000; ++i)
      log[random() % log.size()] = static_cast<char>(random());

    summary s;
    const auto lines = lines_of(log);
    for (const auto line : lines)
      count(s, line);

    CHECK(s.requests() + s.failed() == lines.size());
    CHECK(s.failed() > 0);
    CHECK(s.requests() > lines.size() / 2);
    check_sums(s);
  }

  TEST_CASE("with one byte in ten flipped, nothing crashes") {
    const auto seed = fresh_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    auto log = some_log().substr(0, 1'000'000);
    for (std::size_t i = 0; i < log.size() / 10; ++i)
      log[random() % log.size()] = static_cast<char>(random());

    summary s;
    const auto lines = lines_of(log);
    for (const auto line : lines)
      count(s, line);

    CHECK(s.requests() + s.failed() == lines.size());
    check_sums(s);
  }

  TEST_CASE("lines put together from the marks of the format are parsed or rejected") {
    const auto seed = fresh_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const std::string marks = "\" [] \\:/-. +0129azAZ\t\r\xff";

    summary s;
    for (int i = 0; i < 100'000; ++i) {
      std::string line = i % 2 ? "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"" : "";
      for (auto left = random() % 60; left > 0; --left)
        line += marks[random() % marks.size()];
      count(s, line);
    }

    CHECK(s.lines() == 100'000);
    check_sums(s);
  }
}
