#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support.hpp"
#include "scratch.hpp"
#include <troupe/fan_in.hpp>
#include <troupe/lines.hpp>
#include <troupe/sinks.hpp>

namespace tr = troupe;
using namespace support;
using namespace std::string_literals;

namespace {

struct outcome {
  tr::report end;
  std::vector<std::string> out;
};

outcome read(const std::filesystem::path& path, const tr::lines_options& options) {
  virtual_system sys;
  outcome o;
  o.end = run_to_end(sys, tr::lines("read", path, options) | tr::collect("out", o.out));
  return o;
}

std::string numbered(int lines) {
  std::string text;
  for (int i = 1; i <= lines; ++i)
    text += "line " + std::to_string(i) + '\n';
  return text;
}

/// `text`, packed; empty where there is no gzip.
std::string packed(const scratch& dir, const std::string& text) {
  const auto path = dir.file("text", text);
  if (std::system(("gzip -f " + path.string()).c_str()) != 0)
    return {};
  return content(path.string() + ".gz");
}

/// 5,000 numbered lines, packed, without the last byte; empty where there is no gzip.
std::filesystem::path cut_gzip(const scratch& dir) {
  const auto whole = packed(dir, numbered(5000));
  if (whole.empty()) {
    MESSAGE("SKIPPED: no gzip here");
    return {};
  }
  return dir.file("cut.gz", whole.substr(0, whole.size() - 1));
}

std::string message_of(const outcome& o) {
  return o.end.error() ? o.end.error()->message() : "none";
}

} // namespace

TEST_SUITE("lines of a broken input") {
  TEST_CASE("a carriage return is a part of the line where it is asked for") {
    const scratch dir;
    const auto path = dir.file("text", "a\r\nb\r\r\nc\r");
    CHECK(read(path, {.ends = tr::line_end::feed}).out == std::vector{"a\r"s, "b\r\r"s, "c\r"s});
    CHECK(read(path, {}).out == std::vector{"a"s, "b\r"s, "c"s});
  }

  TEST_CASE("wherever a gzip is cut off, all whole lines before it are handled, then it is said") {
    const scratch dir;
    const auto whole = packed(dir, numbered(20'000));
    if (whole.empty()) {
      MESSAGE("SKIPPED: no gzip here");
      return;
    }
    const std::size_t cuts[]{whole.size() - 1, whole.size() - 9, whole.size() / 2, 20};
    for (const auto cut : cuts) {
      CAPTURE(cut);
      const auto path = dir.file("cut.gz", whole.substr(0, cut));
      const auto o = read(path, {.broken = tr::broken_input::end});
      const auto got = o.out.size();
      CHECK(o.out == read(dir.file("same", numbered(static_cast<int>(got))), {}).out);
      CHECK(message_of(o)
            == "cannot read \"" + path.string() + "\": unexpected end of file, behind line "
                   + std::to_string(got));
      CHECK(o.end.error()->stage() == "read");
    }
    CHECK(read(dir / "cut.gz", {.broken = tr::broken_input::fail}).end.error());
  }

  TEST_CASE("a damaged gzip gives what is in front of the damage, each time the same") {
    const scratch dir;
    auto text = packed(dir, numbered(200'000));
    if (text.empty()) {
      MESSAGE("SKIPPED: no gzip here");
      return;
    }
    // A block of a kind that there is none of, in the place of the second half.
    text.replace(text.size() / 2, std::string::npos, std::string(1000, '\xff'));
    const auto path = dir.file("bad.gz", text);
    const auto o = read(path, {.broken = tr::broken_input::end});
    CHECK(o.out.size() > 1000);
    CHECK(message_of(o).find("behind line " + std::to_string(o.out.size())) != std::string::npos);
    CHECK(read(path, {.broken = tr::broken_input::end}).out == o.out);
  }

  TEST_CASE("a break stops nothing: other sources go on, and the error comes when all is done") {
    const scratch dir;
    const auto path = cut_gzip(dir);
    if (path.empty())
      return;
    virtual_system sys;
    const auto broken = tr::lines("cut", path, {.broken = tr::broken_input::end});
    const auto sound = tr::lines("sound", dir.file("sound", numbered(9000)));
    std::uint64_t handled = 0;
    const auto end = tr::start(sys, tr::fan_in("all", {}, broken, sound)
                                        | tr::sink("count", [&](const tr::line&) { ++handled; }))
                         .wait();

    CHECK(handled == 14'000);
    REQUIRE(end.error());
    CHECK(end.error()->stage() == "cut");
    CHECK(end.stage("count").abandoned == 0);
  }

  TEST_CASE("what fails the run counts more than a break before it") {
    const scratch dir;
    const auto path = cut_gzip(dir);
    if (path.empty())
      return;
    virtual_system sys;
    const auto end = tr::start(sys, tr::lines("cut", path, {.broken = tr::broken_input::end})
                                        | tr::sink("store",
                                                   [](const tr::line& l) {
                                                     if (l.number() == 5000)
                                                       throw std::runtime_error{"no room"};
                                                   }))
                         .wait();

    REQUIRE(end.error());
    CHECK(end.error()->message() == "item 4999: no room");
  }

  TEST_CASE("an input that is whole ends without an error, and its last line may lack its end") {
    const scratch dir;
    const auto o = read(dir.file("text", "a\nb"), {.broken = tr::broken_input::end});
    CHECK(o.end.clean());
    CHECK(o.out == std::vector<std::string>{"a", "b"});
  }

  TEST_CASE("NULs in front of a line are left out, however many, and only there") {
    virtual_system sys;
    const std::string hole(1'100'000, '\0');
    std::istringstream in{hole + "a\n" + "b\0c\n"s + hole + hole + "\nd" + "\0"s};
    std::vector<tr::line> out;

    const auto end = run_to_end(
        sys, tr::lines("read", in, {.longest = 4096, .nuls = tr::nul_bytes::skip_leading})
                 | tr::collect("out", out));

    CHECK(end.clean());
    REQUIRE(out.size() == 4);
    CHECK(out[0] == "a");
    CHECK(out[1] == "b\0c"s);
    CHECK(out[2] == "");
    CHECK(out[3] == "d\0"s);
    CHECK(out[3].number() == 4);
  }

  TEST_CASE("unless asked to, nothing is left out") {
    const scratch dir;
    CHECK(read(dir.file("text", "\0a\n"s), {}).out == std::vector<std::string>{"\0a"s});
  }
}
