#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../support.hpp"
#include "scratch.hpp"
#include <troupe/lines.hpp>
#include <troupe/sinks.hpp>

namespace tr = troupe;
using namespace support;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  virtual_system sys;
  std::vector<std::string> out;
  std::istringstream in{text};
  CHECK(run_to_end(sys, tr::lines("read", in) | tr::collect("out", out)).clean());
  return out;
}

} // namespace

TEST_SUITE("lines") {
  TEST_CASE("cuts a text at its line ends, whatever kind, and keeps empty lines") {
    const std::vector<std::pair<std::string, std::vector<std::string>>> table{
        {"", {}},
        {"a", {"a"}},
        {"a\n", {"a"}},
        {"a\nb", {"a", "b"}},
        {"a\r\nb\r\n", {"a", "b"}},
        {"\n\n", {"", ""}},
        {"a\n\nb", {"a", "", "b"}},
        {"a\rb\n", {"a\rb"}},
    };
    for (const auto& row : table) {
      CAPTURE(row.first);
      CHECK(lines_of(row.first) == row.second);
    }
  }

  TEST_CASE("lines that end anywhere in a block, and lines longer than one, come out whole") {
    std::string text;
    std::vector<std::string> expected;
    for (int i = 0; i < 3000; ++i) {
      expected.emplace_back(std::size_t((i * 7919) % 997), char('a' + i % 26));
      text += expected.back() + '\n';
    }
    expected.emplace_back(300'000, 'z');
    text += expected.back();

    CHECK(lines_of(text) == expected);
  }

  TEST_CASE("reads files, numbers lines from 1, and a line outlives its source") {
    virtual_system sys;
    const scratch dir;
    const auto path = dir.file("text", "one\ntwo\nthree");
    std::vector<tr::line> kept;

    CHECK(run_to_end(sys, tr::lines("read", path) | tr::collect("out", kept)).clean());

    REQUIRE(kept.size() == 3);
    CHECK(kept[2].text() == "three");
    CHECK(kept[2].number() == 3);
    auto copy = kept[1];
    kept.clear();
    CHECK(copy == "two");
    CHECK(std::string{copy} == "two");
  }

  TEST_CASE(
      "a file that is missing, a folder, or unreadable fails the run and says which and why") {
    virtual_system sys;
    const scratch dir;
    const auto run = [&](const std::filesystem::path& path) {
      const auto end = run_to_end(sys, tr::lines("read", path) | tr::ignore("end"));
      REQUIRE(end.error());
      CHECK(end.error()->stage() == "read");
      return end.error()->message();
    };

    CHECK(run(dir / "missing").find("missing\": No such file or directory") != std::string::npos);
    CHECK(run(dir / "").find("Is a directory") != std::string::npos);
  }

  TEST_CASE("a line longer than allowed fails the run with its number") {
    virtual_system sys;
    std::istringstream in{"short\n" + std::string(5000, 'x') + "\nshort\n"};

    const auto end = run_to_end(sys, tr::lines("read", in, {.longest = 4096}) | tr::ignore("end"));

    REQUIRE(end.error());
    CHECK(end.error()->message().find("line 2 is longer than 4096 bytes") != std::string::npos);
  }

  TEST_CASE(
      "a line longer than allowed can be cut: its beginning is a line, the next one is whole") {
    virtual_system sys;
    for (const std::size_t length : {4096, 4097, 200'000, 500'000}) {
      CAPTURE(length);
      std::istringstream in{"short\n" + std::string(length, 'x') + "\nlast"};
      std::vector<tr::line> out;

      const auto end
          = run_to_end(sys, tr::lines("read", in, {.longest = 4096, .too_long = tr::long_line::cut})
                                | tr::collect("out", out));

      CHECK(end.clean());
      REQUIRE(out.size() == 3);
      CHECK(out[1].text().size() == 4096);
      CHECK(out[1].cut() == (length > 4096));
      CHECK(out[2] == "last");
      CHECK(out[2].number() == 3);
      CHECK(!out[2].cut());
    }
  }

  TEST_CASE("a flow of a file starts from its beginning each time") {
    virtual_system sys;
    const scratch dir;
    const auto path = dir.file("text", "a\nb\n");
    std::vector<std::string> out;
    const auto f = tr::lines("read", path) | tr::collect("out", out);

    run_to_end(sys, f);
    run_to_end(sys, f);

    CHECK(out == std::vector<std::string>{"a", "b", "a", "b"});
  }

  TEST_CASE("reads gzip like plain text") {
    virtual_system sys;
    const scratch dir;
    const auto path = dir.file("text", "one\ntwo\n");
    if (std::system(("gzip -k " + path.string()).c_str()) != 0) {
      MESSAGE("SKIPPED: no gzip here");
      return;
    }
    std::vector<std::string> out;

    const auto end
        = run_to_end(sys, tr::lines("read", path.string() + ".gz") | tr::collect("out", out));

    CHECK(end.clean());
    CHECK(out == std::vector<std::string>{"one", "two"});
  }

  TEST_CASE("a pipe that is silent can be drained") {
    threaded_system sys;
    const scratch dir;
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto path = "/dev/fd/" + std::to_string(ends[0]);
    REQUIRE(::write(ends[1], "one\ntw", 6) == 6);
    std::vector<std::string> out;
    auto r = tr::start(sys, tr::lines("read", path) | tr::collect("out", out));
    while (r.metrics("out").counters.delivered < 1)
      std::this_thread::yield();

    const auto end = accounted(r.drain());

    CHECK(end.clean());
    CHECK(out == std::vector<std::string>{"one"});
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

TEST_SUITE("write_lines") {
  TEST_CASE("writes a line an item and replaces what was there") {
    virtual_system sys;
    const scratch dir;
    const auto path = dir.file("out", "old text that is longer than the new one\n");

    const auto end = run_to_end(sys, tr::from("words", std::vector<std::string>{"a", "b"})
                                         | tr::write_lines("write", path));

    CHECK(end.clean());
    CHECK(content(path) == "a\nb\n");
  }

  TEST_CASE("copies a text line by line") {
    virtual_system sys;
    const scratch dir;
    std::string text;
    for (int i = 0; i < 20'000; ++i)
      text += "line " + std::to_string(i) + '\n';
    const auto from = dir.file("in", text);

    CHECK(run_to_end(sys, tr::lines("read", from) | tr::write_lines("write", dir / "out")).clean());

    CHECK(content(dir / "out") == text);
  }

  TEST_CASE("a file that cannot be opened fails the run and says why") {
    virtual_system sys;
    const scratch dir;

    const auto end = run_to_end(sys, tr::from("words", std::vector<std::string>{"a"})
                                         | tr::write_lines("write", dir / "no"));
    const auto bad
        = run_to_end(sys, tr::from("words", std::vector<std::string>{"a"})
                              | tr::write_lines("write", (dir / "no").string() + "/such/file"));

    CHECK(end.clean());
    REQUIRE(bad.error());
    CHECK(bad.error()->stage() == "write");
    CHECK(bad.error()->message().find("cannot open") != std::string::npos);
  }

  TEST_CASE("a full disk fails the run and says so") {
    if (::access("/dev/full", W_OK) != 0) {
      MESSAGE("SKIPPED: no /dev/full here");
      return;
    }
    virtual_system sys;

    const auto end = run_to_end(sys, tr::from("words", std::vector<std::string>{"a"})
                                         | tr::write_lines("write", "/dev/full"));

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "write");
    CHECK(end.error()->message().find("No space left on device") != std::string::npos);
  }
}
