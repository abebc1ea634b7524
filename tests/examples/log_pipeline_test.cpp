#include <log_analytics/pipeline.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <unistd.h>

#include <doctest/doctest.h>

#include <caf/actor_system.hpp>

#include <troupe/config.hpp>

#include <make_log/generator.hpp>

#include "log_file.hpp"

using namespace log_analytics;

namespace {

class temporary_file {
public:
  explicit temporary_file(const std::string& contents)
      : path_(
          (std::filesystem::temp_directory_path() / ("troupe_pipeline_" + std::to_string(getpid())))
              .string()) {
    std::ofstream{path_, std::ios::binary} << contents;
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

std::string made(const make_log::settings& s) {
  make_log::generator lines{s};
  std::string text;
  for (std::uint64_t i = 0; i < s.lines; ++i)
    lines.append_line(text);
  return text;
}

/// The same figures without actors.
void count(const std::string& text, summary& s) {
  for (const auto line : lines_of(text))
    if (const auto e = parse(line))
      s.add(*e);
    else
      s.add_failed(to_string(e.error()));
}

/// Equal keys and counts, in the order of the report.
void check_equal(const top_table& a, const top_table& b) {
  const auto x = a.top(a.size());
  const auto y = b.top(b.size());
  REQUIRE(x.size() == y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    REQUIRE(x[i].key == y[i].key);
    REQUIRE(x[i].count == y[i].count);
  }
}

struct job {
  troupe::config config;
  caf::actor_system sys{config};
  dead_letter_file dead;

  formats by{{}};
  selection wanted;

  troupe::report run(const std::string& file, std::size_t workers, aggregate& into) {
    return start_run(sys, file, {by, wanted, workers}, into, dead).wait();
  }
};

} // namespace

TEST_SUITE("log_pipeline") {
  TEST_CASE("the pipeline counts what a loop counts, with one worker or several") {
    const auto text = made({.lines = 30'000, .malformed = 0.01});
    const temporary_file file{text};
    summary expected;
    count(text, expected);

    for (const std::size_t workers : {1, 2, 5}) {
      CAPTURE(workers);
      job j;
      aggregate sum;
      const auto end = j.run(file.path(), workers, sum);

      CHECK_FALSE(end.error());
      for (const auto& [name, counters] : end.stages())
        CHECK(counters.balanced());
      const auto& figures = sum.figures();
      CHECK(figures.requests() + j.dead.lines() == 30'000);
      CHECK(j.dead.lines() == expected.failed());
      CHECK(sum.bytes() + j.dead.bytes() == text.size());
      CHECK(figures.bytes() == expected.bytes());
      CHECK(figures.visitors().size() == expected.visitors().size());
      CHECK(figures.statuses() == expected.statuses());
      CHECK(figures.hours() == expected.hours());
      CHECK(figures.dates() == expected.dates());
      check_equal(figures.paths(), expected.paths());
      check_equal(figures.hosts(), expected.hosts());
      check_equal(figures.agents(), expected.agents());
      check_equal(figures.referrers(), expected.referrers());
    }
  }

  TEST_CASE("each malformed line is buried once, with its number and a reason that others share") {
    const auto text = made({.lines = 5000, .malformed = 0.1});
    const temporary_file file{text};
    const auto letters = file.path() + ".dead";
    job j;
    REQUIRE_FALSE(j.dead.open(letters));
    aggregate sum;

    j.run(file.path(), 3, sum);
    REQUIRE_FALSE(j.dead.close());

    const auto lines = lines_of(text);
    std::ifstream in{letters};
    std::vector<std::size_t> numbers;
    for (std::string letter; std::getline(in, letter);) {
      const auto number = std::stoul(letter);
      const auto reason = parse(lines.at(number - 1)).error();
      CHECK(letter
            == std::to_string(number) + '\t' + std::string{to_string(reason)} + '\t'
                   + std::string{lines[number - 1]});
      numbers.push_back(number);
    }
    std::filesystem::remove(letters);
    CHECK(std::is_sorted(numbers.begin(), numbers.end())); // however many have parsed them
    CHECK(numbers.size() == j.dead.lines());
    CHECK(numbers.size() == 5000 - sum.figures().requests());
    CHECK(sum.figures().failed() == j.dead.lines());
    CHECK(sum.figures().reasons().size() <= rejection_count);
  }

  TEST_CASE("requests outside the range are counted apart") {
    const auto text = made({.lines = 5000, .malformed = 0, .days = 4});
    const temporary_file file{text};
    const auto day = *parse_moment("2015-05-18");
    std::uint64_t inside = 0;
    for (const auto line : lines_of(text))
      inside += line.find("[18/May/2015:") != std::string_view::npos;
    REQUIRE(inside > 0);

    job j;
    j.wanted.range = {{day.second}, {day.second + day.length}};
    aggregate sum;
    j.run(file.path(), 2, sum);

    CHECK(sum.figures().requests() == inside);
    CHECK(sum.figures().outside() == 5000 - inside);
  }

  TEST_CASE("several files make one summary") {
    const temporary_file file{made({.lines = 1000, .malformed = 0})};
    job j;
    aggregate sum;

    j.run(file.path(), 2, sum);
    j.run(file.path(), 1, sum);

    CHECK(sum.figures().requests() == 2000);
    CHECK(sum.lines() == 2000);
  }

  TEST_CASE("a drained run has counted each line that it took") {
    const auto text = made({.lines = 300'000, .malformed = 0.01});
    const temporary_file file{text};
    job j;
    aggregate sum;

    auto run = start_run(j.sys, file.path(), {j.by, j.wanted, 2}, sum, j.dead);
    const auto end = run.drain();

    CHECK_FALSE(end.error());
    CHECK(sum.figures().requests() + j.dead.lines() == end.stage("read").received);
    CHECK(end.stage("parse").received == end.stage("read").emitted);
    CHECK(end.stage("aggregate").failed == j.dead.lines());
  }

  TEST_CASE("a file that is gone when the run starts fails it, naming the file") {
    job j;
    aggregate sum;

    const auto end = j.run("/no/such/file.log", 2, sum);

    REQUIRE(end.error());
    CHECK(to_string(*end.error()).find("/no/such/file.log") != std::string::npos);
    CHECK(sum.figures().lines() == 0);
  }
}
