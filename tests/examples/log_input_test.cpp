// The look at the inputs before a run, and the file of malformed lines.

#include <log_analytics/dead_letter_file.hpp>
#include <log_analytics/input.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

#include <doctest/doctest.h>

#include "temporary_folder.hpp"

using namespace log_analytics;
using namespace std::string_literals;

namespace {

const std::string good_line
    = "10.0.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5\n";

} // namespace

TEST_SUITE("log_input") {
  TEST_CASE("what cannot be read is told before a run is started") {
    const temporary_folder folder;
    const auto problem = [](const std::string& file) {
      const auto check = check_input(file);
      CHECK(check.state == input_state::unusable);
      return check.problem.substr(check.problem.rfind('/') + 1);
    };

    CHECK(problem(folder.file("missing.log")) == "missing.log: No such file or directory");
    CHECK(check_input(folder.file("")).problem
          == folder.file("") + ": is a directory, not a log file");
    CHECK(problem(folder.with("text.log", "one\ntwo\nthree"))
          == "text.log: none of its first 3 lines is in the combined or common log format");
    CHECK(problem(folder.with("image.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s))
          == "image.png: is a binary file, not an access log");
  }

  TEST_CASE("a file without permission to read is told, except to root") {
    if (geteuid() == 0) {
      MESSAGE("SKIPPED: root may read everything");
      return;
    }
    const temporary_folder folder;
    const auto file = folder.with("secret.log", good_line);
    std::filesystem::permissions(file, std::filesystem::perms::none);

    CHECK(check_input(file).problem == file + ": Permission denied");
  }

  TEST_CASE("an empty file is empty, not wrong") {
    const temporary_folder folder;

    CHECK(check_input(folder.with("empty.log", "")).state == input_state::empty);
  }

  TEST_CASE("a log is readable, with damaged lines, NUL bytes or without a last line feed") {
    const temporary_folder folder;
    const auto readable = [&](const std::string& contents) {
      const auto check = check_input(folder.with("x.log", contents));
      return check.state == input_state::readable && check.size == contents.size();
    };

    CHECK(readable(good_line));
    CHECK(readable(good_line.substr(0, good_line.size() - 1)));
    CHECK(readable("junk\n" + good_line));
    CHECK(readable(good_line + std::string(40, '\0') + '\n' + good_line));
    CHECK(readable(good_line + std::string(2'000'000, 'x'))); // longer than what is looked at
  }

  TEST_CASE("only the first 1,000 lines are looked at") {
    const temporary_folder folder;
    std::string junk;
    for (int i = 0; i < 1000; ++i)
      junk += "junk\n";

    CHECK(check_input(folder.with("late.log", junk + good_line)).state == input_state::unusable);
    CHECK(check_input(folder.with("in_time.log", junk.substr(5) + good_line)).state
          == input_state::readable);
  }

  TEST_CASE("standard input and devices are not touched") {
    CHECK(check_input("-").state == input_state::readable);
    CHECK(check_input("/dev/null").state == input_state::readable);
    CHECK_FALSE(check_input("-").size);
  }
}

TEST_SUITE("log_dead_letters") {
  TEST_CASE("a malformed line is written with number, reason and text") {
    const temporary_folder folder;
    dead_letter_file dead;
    CHECK_FALSE(dead.open(folder.file("dead.txt")));

    dead.add(7, "bad", "a\tb");
    dead.add(9, "worse", "");
    dead.add(11, "bad", "c");

    CHECK_FALSE(dead.close());
    CHECK(contents_of(folder.file("dead.txt")) == "7\tbad\ta\tb\n9\tworse\t\n11\tbad\tc\n");
    CHECK(dead.lines() == 3);
    CHECK(dead.bytes() == 4 + 1 + 2);
  }

  TEST_CASE("without a file they are counted all the same") {
    dead_letter_file dead;
    CHECK_FALSE(dead.open(""));

    dead.begin("a.log");
    dead.add(1, "bad", "x");

    CHECK_FALSE(dead.close());
    CHECK(dead.lines() == 1);
  }

  TEST_CASE("a file that cannot be written is told, and so is a full disk") {
    dead_letter_file nowhere;
    CHECK(nowhere.open("/no/such/folder/dead.txt")
          == "--dead-letters: /no/such/folder/dead.txt: No such file or directory");

    dead_letter_file full;
    REQUIRE_FALSE(full.open("/dev/full"));
    full.add(1, "bad", "x");
    CHECK(full.close() == "--dead-letters: /dev/full: not all lines could be written");
  }
}
