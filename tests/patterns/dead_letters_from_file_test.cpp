#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "letter_file_fixture.hpp"
#include <troupe/dead_letters.hpp>

namespace tr = troupe;
using namespace support;

namespace {

constexpr const char* good_line
    = R"({"time":"2026-11-21T07:56:05.000001Z","stage":"a","code":"overflow","message":"m","attempts":0,"item":"1"})";

/// What reading this file says about its lines, good ones as "ok".
std::vector<std::string> verdicts(const std::string& text) {
  const temporary file;
  file.write(text);
  virtual_system sys;
  std::vector<std::string> all;
  tr::run_options o;
  o.dead_letters = [&](const tr::dead_letter& d) { all.push_back(d.reason.message()); };
  run_to_end(sys,
             tr::dead_letters("letters", file.path(), {.on_error = tr::on_error::dead_letter})
                 | tr::sink("good", [&](const tr::dead_letter_line&) { all.emplace_back("ok"); },
                            {.batch = 1}),
             o);
  const auto name = file.path().string();
  for (auto& v : all)
    if (const auto at = v.find(name); at != std::string::npos)
      v.replace(at, name.size(), "FILE");
  return all;
}

} // namespace

TEST_SUITE("dead letters from a file") {
  TEST_CASE("come as they were written: line, stage, reason, attempts, time and item") {
    const temporary file;
    { tr::dead_letter_file{file.path()}(letter("5;6")); }
    virtual_system sys;
    std::vector<tr::dead_letter_line> read;

    const auto end
        = run_to_end(sys, tr::dead_letters("letters", file.path()) | tr::collect("out", read));

    CHECK(end.clean());
    REQUIRE(read.size() == 1);
    CHECK(read[0].line == 1);
    CHECK(read[0].stage == "parse");
    CHECK(read[0].reason.code() == tr::errc::timed_out);
    CHECK(read[0].reason.stage() == "parse");
    CHECK(read[0].reason.message() == "item 7: slow");
    CHECK(read[0].reason.attempts() == 3);
    CHECK(read[0].time.ends_with("Z"));
    CHECK(read[0].item == "5;6");
    std::ostringstream shown;
    shown << read[0];
    CHECK(shown.str() == "line 1: stage \"parse\": item 7: slow (timed_out): 5;6");
  }

  TEST_CASE("a malformed line is an error that names file and line, for on_error") {
    const std::string good = good_line;
    const auto without = [&](const std::string& part) {
      auto l = good;
      l.erase(l.find(part), part.size());
      return l;
    };
    const auto with = [&](const std::string& part, const std::string& other) {
      auto l = good;
      l.replace(l.find(part), part.size(), other);
      return l;
    };
    const std::vector<std::pair<std::string, std::string>> cases{
        {"nonsense", "is not a JSON object"},
        {"[1]", "is not a JSON object"},
        {"{\"stage\":", "is not a JSON object"},
        {good + good, "is not a JSON object"},
        {without("\"stage\":\"a\","), "has no \"stage\""},
        {without("\"code\":\"overflow\","), "has no \"code\""},
        {without("\"message\":\"m\","), "has no \"message\""},
        {without("\"attempts\":0,"), "has no \"attempts\""},
        {with("\"overflow\"", "\"flood\""), "its code \"flood\" is unknown"},
        {with("\"m\"", "5"), "its \"message\" is not a text"},
        {with(":0,", ":\"0\","), "its \"attempts\" is not an integer"},
        {with("\"1\"", "1"), "its \"item\" is not a text"},
        {with("\"item\"", "\"item_hex\""), "its \"item_hex\" is not hexadecimal"},
        {with("\"item\":\"1\"", "\"item_hex\":\"0g\""), "its \"item_hex\" is not hexadecimal"},
    };
    for (const auto& c : cases) {
      const auto& [line, what] = c;
      CAPTURE(c.first);
      const auto said = verdicts(good + "\n" + line + "\n" + good);
      REQUIRE(said.size() == 3);
      CHECK(std::count(said.begin(), said.end(), "ok") == 2);
      CHECK(std::count(said.begin(), said.end(), "item 1: FILE:2: " + what) == 1);
    }
  }

  TEST_CASE("an attempts out of range is malformed, not another number") {
    auto line = std::string{good_line};
    line.replace(line.find(":0,"), 3, ":99999999999,");
    const auto said = verdicts(line);
    REQUIRE(said.size() == 1);
    CHECK(said[0] == "item 0: FILE:1: its \"attempts\" is out of range");
  }

  TEST_CASE("by default the first malformed line fails the run") {
    const temporary file;
    file.write(std::string{good_line} + "\nnonsense\n");
    virtual_system sys;

    const auto end = run_to_end(sys, tr::dead_letters("letters", file.path()) | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "letters");
    CHECK(end.error()->message() == "item 1: " + file.path().string() + ":2: is not a JSON object");
  }

  TEST_CASE("a line longer than allowed is malformed, and does not stop the reading") {
    const temporary file;
    file.write(std::string{good_line} + "\n{\"x\":\"" + std::string(1000, 'x') + "\"}\n" + good_line
               + "\n");
    virtual_system sys;
    std::vector<tr::dead_letter_line> read;

    const auto end
        = run_to_end(sys, tr::dead_letters("letters", file.path(),
                                           {.longest = 500, .on_error = tr::on_error::skip})
                              | tr::collect("out", read));

    CHECK(end.stage("letters").failed == 1);
    CHECK(read.size() == 2);
  }

  TEST_CASE("a file that is not there fails the run, and options out of range are refused") {
    virtual_system sys;

    const auto end
        = run_to_end(sys, tr::dead_letters("letters", "/nowhere/lost.jsonl") | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->message().find("cannot open \"/nowhere/lost.jsonl\"") != std::string::npos);
    CHECK(refusal([] { tr::dead_letters("letters", "x", {.longest = 0}); })
          == "lines \"letters lines\": longest = 0, needs at least 1");
    CHECK(refusal([] { tr::dead_letters("letters", "x", {.buffer = 0}); })
          == "lines \"letters lines\": buffer = 0, needs at least 1");
  }

  TEST_CASE("replay makes items of their texts again, of one stage if so wished") {
    virtual_system sys;
    const temporary file;
    {
      const tr::dead_letter_file letters{file.path()};
      const auto bury = [](int x) -> int {
        if (x % 2 != 0)
          throw std::runtime_error{"odd"};
        return x;
      };
      const auto bury_tens = [](int x) {
        if (x % 10 == 0)
          throw std::runtime_error{"ten"};
      };
      run_to_end(sys,
                 tr::from("n", numbers(100))
                     | tr::map("odd", bury, {.on_error = tr::on_error::dead_letter})
                     | tr::sink("ten", bury_tens, {.on_error = tr::on_error::dead_letter}),
                 {.dead_letters = letters});
    }
    const auto number = [](std::string_view text) { return std::stoi(std::string{text}); };
    std::vector<int> odd;
    std::vector<int> all;

    const auto end
        = run_to_end(sys, tr::replay<int>("odd ones", file.path(), number, {.stage = "odd"})
                              | tr::collect("out", odd));
    run_to_end(sys, tr::replay<int>("all", file.path(), number) | tr::collect("out", all));

    CHECK(end.clean());
    CHECK(odd.size() == 50);
    CHECK(end.stage("odd ones").filtered == 10);
    CHECK(all.size() == 60);
  }

  TEST_CASE(
      "replay: a letter without an item, and one that parse refuses, go where on_error says") {
    virtual_system sys;
    const temporary file;
    {
      const tr::dead_letter_file letters{file.path()};
      letters({.stage = "s"});
      for (const auto* text : {"1", "x", "", "throw", "2"})
        letters(letter(text));
    }
    const auto parse = [](std::string_view s) -> tr::result<std::optional<int>> {
      if (s == "x")
        return tr::fail(tr::errc::stage_failed, "no number");
      if (s == "throw")
        throw std::runtime_error{"thrown"};
      if (s.empty())
        return std::nullopt;
      return std::stoi(std::string{s});
    };
    std::vector<int> out;
    std::vector<std::string> reasons;
    tr::run_options o;
    o.dead_letters = [&](const tr::dead_letter& d) { reasons.push_back(d.reason.message()); };

    const auto end = run_to_end(
        sys,
        tr::replay<int>("again", file.path(), parse, {.on_error = tr::on_error::dead_letter})
            | tr::collect("out", out),
        o);

    CHECK(out == std::vector{1, 2});
    CHECK(end.stage("again").filtered == 1);
    REQUIRE(reasons.size() == 3);
    CHECK(reasons[0]
          == "item 0: " + file.path().string() + ":1: has no item: it could not be printed");
    CHECK(reasons[1] == "item 2: no number");
    CHECK(reasons[2] == "item 4: thrown");
  }
}
