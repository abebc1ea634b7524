#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "../support.hpp"
#include <troupe/dead_letter_file.hpp>
#include <troupe/dead_letters.hpp>

namespace tr = troupe;
using namespace support;
using nlohmann::json;

namespace {

/// A path that nothing else has, removed with what was written there.
class temporary {
public:
  temporary()
      : path_(std::filesystem::temp_directory_path()
              / ("troupe_letters_" + std::to_string(std::random_device{}()) + ".jsonl")) {}
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;
  ~temporary() { std::filesystem::remove(path_); }

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& text) const { std::ofstream{path_, std::ios::binary} << text; }
  std::string text() const {
    std::ostringstream all;
    all << std::ifstream{path_, std::ios::binary}.rdbuf();
    return all.str();
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::istringstream in{text()};
    for (std::string l; std::getline(in, l);)
      all.push_back(l);
    return all;
  }

private:
  std::filesystem::path path_;
};

tr::dead_letter letter(std::string text) {
  return {.stage = "parse",
          .reason = tr::error{tr::errc::timed_out, "parse", "item 7: slow"},
          .attempts = 3,
          .text = std::move(text),
          .has_text = true};
}

std::string refuse_short(const std::string& s) {
  if (s.size() < 3)
    throw std::runtime_error{"short"};
  return s;
}

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

TEST_SUITE("dead_letter_file") {
  TEST_CASE("a line has stage, code, message, attempts, time in UTC, and the item") {
    const temporary file;
    const tr::dead_letter_file letters{file.path()};
    letters(letter("5;6"));
    CHECK(letters.close());

    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    const auto read = json::parse(lines[0]);
    CHECK(read.size() == 6);
    CHECK(read["stage"] == "parse");
    CHECK(read["code"] == "timed_out");
    CHECK(read["message"] == "item 7: slow");
    CHECK(read["attempts"] == 3);
    CHECK(read["item"] == "5;6");
    CHECK(std::regex_match(read["time"].get<std::string>(),
                           std::regex{R"(20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{6}Z)"}));
    CHECK(file.text().ends_with("}\n"));
  }

  TEST_CASE("a line names the run, if it has a name, and is read with it") {
    const temporary file;
    {
      const tr::dead_letter_file letters{file.path()};
      auto named = letter("5;6");
      named.run = "orders";
      letters(named);
      letters(letter("7;8"));
    }
    virtual_system sys;
    std::vector<std::string> runs;

    run_to_end(
        sys, tr::dead_letters("read", file.path())
                 | tr::sink("keep", [&](const tr::dead_letter_line& l) { runs.push_back(l.run); }));

    CHECK(json::parse(file.lines().at(0))["run"] == "orders");
    CHECK(runs == std::vector<std::string>{"orders", ""});
  }

  TEST_CASE("every text survives, byte by byte, and every line is valid UTF-8 JSON") {
    std::vector<std::string> texts{
        "", "plain", "\"quoted\" \\ and / ", "tab\tnewline\nreturn\r", "gr\xc3\xbc\xc3\x9f",
        "\xe2\x82\xac \xf0\x9f\x8e\xad", "nul\0in it", "\x7f",
        // not UTF-8: a stray byte, cut, overlong, a surrogate, beyond the last character
        "\xff", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf0\x80\x80\x80", "ok\x80ok", "\xc3"};
    texts[6] = std::string{"nul\0in it", 9};
    for (int c = 0; c < 256; ++c)
      texts.push_back(std::string{"a"} + static_cast<char>(c) + "b");
    std::mt19937 rng{7};
    for (int i = 0; i < 500; ++i) {
      std::string random(rng() % 12, ' ');
      for (auto& c : random)
        c = static_cast<char>(rng());
      texts.push_back(random);
    }
    const temporary file;
    {
      const tr::dead_letter_file letters{file.path()};
      for (const auto& t : texts)
        letters(letter(t));
      CHECK(letters.written() == texts.size());
    }

    const auto lines = file.lines();
    REQUIRE(lines.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      CHECK(json::parse(lines[i], nullptr, false).is_object());
    virtual_system sys;
    std::vector<std::string> back;
    const auto end
        = run_to_end(sys, tr::replay<std::string>("again", file.path(), [](std::string s) {
                            return s;
                          }) | tr::collect("out", back));
    CHECK(end.clean());
    CHECK(back == texts);
  }

  TEST_CASE("an item that cannot be printed is absent, one that prints as nothing is not") {
    const temporary file;
    const tr::dead_letter_file letters{file.path()};
    letters({.stage = "s"});
    letters(letter(""));
    CHECK(!letters.error()); // writes what is in the buffer

    const auto lines = file.lines();
    REQUIRE(lines.size() == 2);
    CHECK(!json::parse(lines[0]).contains("item"));
    CHECK(json::parse(lines[1])["item"] == "");
  }

  TEST_CASE("is what run_options::dead_letters wants, and is written when the last handle goes") {
    virtual_system sys;
    const temporary file;
    const std::vector<std::string> words{"a", "word", "is", "enough"};
    {
      const tr::dead_letter_file letters{file.path()};
      run_to_end(sys,
                 tr::from("words", words)
                     | tr::map("picky", refuse_short, {.on_error = tr::on_error::dead_letter})
                     | tr::ignore("end"),
                 {.dead_letters = letters});
      CHECK(letters.written() == 2);
      CHECK(letters.unwritten() == 0);
    }

    const auto lines = file.lines();
    REQUIRE(lines.size() == 2);
    CHECK(json::parse(lines[1])["item"] == "is");
    CHECK(json::parse(lines[1])["message"] == "item 2: short");
  }

  TEST_CASE("a full disk is reported, and what was not written is counted") {
    virtual_system sys;
    const tr::dead_letter_file letters{"/dev/full"};

    const auto end = run_to_end(
        sys,
        tr::from("n", numbers(100))
            | tr::map("bury", [](int) -> int { throw 1; }, {.on_error = tr::on_error::dead_letter})
            | tr::ignore("end"),
        {.dead_letters = letters});

    CHECK(end.stage("bury").failed == 100);
    REQUIRE(letters.error());
    CHECK(letters.error()->message().starts_with("cannot write \"/dev/full\": "));
    CHECK(letters.written() == 0);
    CHECK(letters.unwritten() == 100);
    letters(letter("one more"));
    CHECK(letters.unwritten() == 101);
    const auto closed = letters.close();
    REQUIRE(!closed);
    CHECK(closed.error() == *letters.error());
  }

  TEST_CASE("a full disk shows without asking as soon as the buffer is full") {
    const tr::dead_letter_file letters{"/dev/full"};
    const std::string big(40'000, 'x');
    letters(letter(big));
    CHECK(letters.unwritten() == 0);
    letters(letter(big)); // 64 KiB
    CHECK(letters.unwritten() == 2);
  }

  TEST_CASE("a file that cannot be opened is refused at once") {
    CHECK_THROWS_AS(tr::dead_letter_file{"/nowhere/lost.jsonl"}, std::system_error);
    CHECK(refusal([] {
            tr::dead_letter_file{"/dev/null", {.max_bytes = 0}};
          })
          == "dead_letter_file: max_bytes = 0, needs 1 to 9223372036854775807");
  }

  TEST_CASE("the file stays within max_bytes, what was there included, and the rest is counted") {
    const temporary file;
    const auto size = [&](std::uint64_t letters_in_it) {
      const tr::dead_letter_file letters{file.path(), {.existing = tr::existing_file::replace}};
      for (std::uint64_t i = 0; i < letters_in_it; ++i)
        letters(letter("xyz"));
      CHECK(!letters.error());
      return std::filesystem::file_size(file.path());
    };
    const auto one = size(1);
    REQUIRE(size(2) == 2 * one);
    const std::string longer(300, 'x');

    for (const auto room : {3 * one, 4 * one - 1}) {
      size(2);
      const tr::dead_letter_file letters{file.path(), {.max_bytes = room}};
      letters(letter(longer)); // does not fit
      letters(letter("xyz"));  // does, exactly
      letters(letter("xyz"));
      CHECK(!letters.error());
      CHECK(letters.written() == 1);
      CHECK(letters.unwritten() == 2);
      CHECK(std::filesystem::file_size(file.path()) == 3 * one);
    }
  }

  TEST_CASE("it adds to a file, also to one that ends amid a line, or replaces it") {
    const temporary file;
    file.write("half a li");
    { tr::dead_letter_file{file.path()}(letter("1")); }
    { tr::dead_letter_file{file.path()}(letter("2")); }
    const auto lines = file.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "half a li");
    CHECK(json::parse(lines[1])["item"] == "1");
    CHECK(json::parse(lines[2])["item"] == "2");

    { const tr::dead_letter_file nothing{file.path()}; }
    CHECK(file.lines().size() == 3);
    { tr::dead_letter_file{file.path(), {.existing = tr::existing_file::replace}}(letter("3")); }
    CHECK(file.lines().size() == 1);
  }

  TEST_CASE("what comes after close is counted as unwritten") {
    const temporary file;
    const tr::dead_letter_file letters{file.path()};
    letters(letter("1"));
    CHECK(letters.close());
    letters(letter("2"));
    CHECK(letters.close());

    CHECK(letters.written() == 1);
    CHECK(letters.unwritten() == 1);
    CHECK(!letters.error());
    CHECK(file.lines().size() == 1);
  }

  TEST_CASE("any number of threads may write, and lines stay whole") {
    const temporary file;
    {
      const tr::dead_letter_file letters{file.path()};
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([letters, t] {
          for (int i = 0; i < 500; ++i)
            letters(letter(std::string(std::size_t(i), char('a' + t))));
        });
      for (auto& t : threads)
        t.join();
      CHECK(letters.written() == 2000);
    }

    const auto lines = file.lines();
    CHECK(lines.size() == 2000);
    for (const auto& l : lines)
      CHECK(json::parse(l, nullptr, false).is_object());
  }
}

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
    for (const auto& [line, what] : cases) {
      CAPTURE(line);
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
