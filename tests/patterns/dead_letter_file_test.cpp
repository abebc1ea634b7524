#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "letter_file_fixture.hpp"
#include <troupe/dead_letters.hpp>

namespace tr = troupe;
using namespace support;
using nlohmann::json;

namespace {

std::string refuse_short(const std::string& s) {
  if (s.size() < 3)
    throw std::runtime_error{"short"};
  return s;
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
