// `lines` where the input is not there yet: pipes that are silent, slow, or have no other end.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../pipe.hpp"
#include "../support.hpp"
#include "scratch.hpp"
#include <troupe/lines.hpp>
#include <troupe/sinks.hpp>

namespace tr = troupe;
using namespace support;
using steady = std::chrono::steady_clock;

namespace {

/// `text` as gzip has it; empty where there is no gzip.
std::string packed(const std::string& text) {
  const scratch dir;
  std::ofstream{dir / "text", std::ios::binary} << text;
  if (std::system(("gzip -n " + (dir / "text").string()).c_str()) != 0)
    return {};
  return content(dir / "text.gz");
}

/// Waits, within reason, until a stage has delivered so many.
void until_delivered(const tr::run& r, const std::string& stage, std::uint64_t n) {
  const auto end = steady::now() + 20s;
  while (r.metrics(stage).counters.delivered < n && steady::now() < end)
    std::this_thread::yield();
  CHECK(r.metrics(stage).counters.delivered >= n);
}

template <class F>
tr::duration time_of(F f) {
  const auto began = steady::now();
  f();
  return steady::now() - began;
}

constexpr auto at_once = 2s; // on a busy machine; to look for each batch every 50 ms takes longer

} // namespace

TEST_SUITE("lines of a pipe") {
  TEST_CASE(
      "regression: the end of a silent pipe does not wait once for each batch that came home") {
    // It waited 50 ms for further lines before it looked at the next message of its mailbox.
    threaded_system sys;
    pipe_input in;
    std::vector<std::string> out;
    auto r = tr::start(sys, tr::lines("read", in.path()) | tr::collect("out", out));

    for (int i = 0; i < 700; ++i) {
      in.write("a line\n");
      // Slow enough that a batch is of one line, and quick enough that they come home meanwhile.
      for (const auto next = steady::now() + 300us; steady::now() < next;)
        std::this_thread::yield();
    }
    until_delivered(r, "out", 650);
    tr::report end;
    const auto took = time_of([&] { end = r.drain(); });

    CHECK(accounted(end).clean());
    CHECK(out.size() == 700);
    CHECK(took < at_once);
  }

  TEST_CASE("each line of a slow pipe is passed on as it comes") {
    threaded_system sys;
    pipe_input in;
    std::vector<std::string> out;
    auto r = tr::start(sys, tr::lines("read", in.path()) | tr::collect("out", out));

    const auto took = time_of([&] {
      for (std::uint64_t i = 1; i <= 200; ++i) {
        in.write("line " + std::to_string(i) + '\n');
        until_delivered(r, "out", i);
      }
    });
    in.write("the rest");
    in.close();

    CHECK(accounted(r.wait()).clean());
    CHECK(out.size() == 201);
    CHECK(out.back() == "the rest");
    CHECK(took < at_once);
  }

  TEST_CASE("a pipe that is silent from the beginning can be drained, stopped, paused and killed") {
    threaded_system sys;
    pipe_input in;
    auto r = tr::start(sys, tr::lines("read", in.path()) | tr::ignore("end"));
    CHECK(!r.wait_for(1ms));
    tr::report end;

    SUBCASE("drained") {
      CHECK(time_of([&] { end = r.drain(); }) < at_once);
      CHECK(end.clean());
    }
    SUBCASE("stopped") {
      CHECK(time_of([&] { end = r.stop(); }) < at_once);
      CHECK(!end.error());
    }
    SUBCASE("paused") {
      r.pause("read");
      in.write("a\n");
      r.resume("read");
      until_delivered(r, "end", 1);
      CHECK(r.drain().clean());
    }
    SUBCASE("killed") {
      tr::detail::anon_kill(tr::detail::actors_of(r, "read").front());
      CHECK(time_of([&] { end = r.wait(); }) < at_once);
      REQUIRE(end.error());
      CHECK(end.error()->code() == tr::errc::worker_died);
    }
    SUBCASE("cancelled") {
      auto ctx = tr::context::background();
      auto other = tr::start(sys, tr::lines("read", in.path()) | tr::ignore("end"), {.ctx = ctx});
      ctx.cancel();
      CHECK(time_of([&] { end = other.wait(); }) < at_once);
      CHECK(end.error());
    }
  }

  TEST_CASE("who waits for a pipe is not busy") {
    threaded_system sys;
    pipe_input in;
    auto r = tr::start(sys, tr::lines("read", in.path()) | tr::ignore("end"));
    in.write("a\n");
    until_delivered(r, "end", 1);

    (void)r.rates();
    CHECK(!r.wait_for(20ms));
    const auto read = r.rates().stages.front();

    CHECK(read.utilization < 0.5);
    CHECK(read.counters.in_flight == 0);
    r.stop();
  }

  TEST_CASE("a named pipe that nobody writes to yet is waited for, and can be let go of") {
    threaded_system sys;
    const scratch dir;
    const auto path = dir / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::vector<std::string> out;
    const auto f = tr::lines("read", path) | tr::collect("out", out);
    auto r = tr::start(sys, f);

    SUBCASE("drained") {
      CHECK(!r.wait_for(1ms));
      CHECK(time_of([&] { CHECK(r.drain().clean()); }) < at_once);
    }
    SUBCASE("written to") {
      std::ofstream{path} << "one\ntwo\n";
      CHECK(accounted(r.wait()).clean());
      CHECK(out == std::vector<std::string>{"one", "two"});
    }
  }

  TEST_CASE("in virtual time a silent pipe holds nobody up") {
    virtual_system sys;
    pipe_input in;
    std::vector<std::string> out;
    auto r = tr::start(sys, tr::lines("read", in.path()) | tr::collect("out", out));

    CHECK(!r.wait_for(10ms));
    in.write("one\n");
    CHECK(!r.wait_for(10ms));
    CHECK(out == std::vector<std::string>{"one"});
    CHECK(accounted(r.drain()).clean());
  }

  TEST_CASE("gzip comes out of a pipe like plain text, however it is cut") {
    threaded_system sys;
    std::string text;
    for (int i = 0; i < 500; ++i)
      text += std::to_string(i * 7919) + '\n';
    const auto bytes = packed(text);
    if (bytes.empty()) {
      MESSAGE("SKIPPED: no gzip here");
      return;
    }
    const auto read = [&](const std::vector<std::string>& pieces) {
      pipe_input in;
      std::string out;
      auto r
          = tr::start(sys, tr::lines("read", in.path()) | tr::sink("out", [&](const tr::line& l) {
                             out.append(l.text()) += '\n';
                           }));
      for (const auto& piece : pieces)
        in.write(piece);
      in.close();
      const auto end = accounted(r.wait());
      return std::pair{out, end.error() ? end.error()->message() : std::string{}};
    };
    std::vector<std::string> singly;
    for (const char byte : bytes)
      singly.emplace_back(1, byte);

    CHECK(read({bytes}) == std::pair{text, std::string{}});
    CHECK(read(singly) == std::pair{text, std::string{}});
    CHECK(read({bytes, bytes}) == std::pair{text + text, std::string{}});
    CHECK(read({bytes, "\n what is behind it"}) == std::pair{text, std::string{}});
    CHECK(read({bytes.substr(0, bytes.size() - 1)}).second.find("unexpected end of file")
          != std::string::npos);
    CHECK(read({bytes.substr(0, 5)}).second.find("unexpected end of file") != std::string::npos);
    CHECK(read({bytes.substr(0, 1)}).first == "\x1f\n");
    auto damaged = bytes;
    damaged[damaged.size() / 2] ^= 0x55;
    CHECK(read({damaged}).second.find("cannot read") != std::string::npos);
  }
}
