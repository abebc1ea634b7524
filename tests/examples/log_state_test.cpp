#include <log_analytics/growing_file.hpp>
#include <log_analytics/report.hpp>
#include <log_analytics/state.hpp>
#include <log_analytics/whole_file.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <make_log/generator.hpp>

#include "log_file.hpp"
#include "temporary_folder.hpp"

using namespace log_analytics;
using namespace std::string_literals;

namespace {

std::string made(std::uint64_t lines, std::uint64_t seed) {
  make_log::generator g{{.lines = lines, .seed = seed, .malformed = 0.01}};
  std::string text;
  for (std::uint64_t i = 0; i < lines; ++i)
    g.append_line(text);
  return text;
}

void count(summary& s, std::string_view text) {
  for (const auto line : lines_of(text))
    if (const auto e = parse(line)) {
      auto timed = *e;
      timed.served_us = static_cast<std::int64_t>(line.size());
      s.add(timed);
    } else {
      s.add_failed(to_string(e.error()));
    }
}

std::string json_of(const summary& s) {
  std::ostringstream out;
  write_json(out, s, {.top = 10'000});
  return out.str();
}

void append(const std::string& file, const std::string& text) {
  std::ofstream{file, std::ios::binary | std::ios::app} << text;
}

} // namespace

TEST_SUITE("log_state") {
  TEST_CASE("what is added to the totals of a file makes the same report as all at once") {
    const temporary_folder folder;
    const auto first = made(5000, 1);
    const auto second = made(5000, 2);
    const auto file = folder.file("state");
    {
      const auto s = load_state(file); // there is none
      CHECK(s->lines() == 0);
      count(*s, first);
      s->add_skipped();
      s->add_outside();
      save_state(file, *s);
    }
    const auto s = load_state(file);
    count(*s, second);
    summary all;
    count(all, first);
    all.add_skipped();
    all.add_outside();
    count(all, second);

    CHECK(json_of(*s) == json_of(all));
    CHECK_FALSE(std::filesystem::exists(file + ".new"));
  }

  TEST_CASE("a table that was full goes on from where it was") {
    top_table whole{{.keys = 50}};
    top_table half{{.keys = 50}};
    const auto feed = [](top_table& table, int from, int to) {
      for (int i = from; i < to; ++i)
        table.add(std::to_string(i * i % 97), static_cast<std::uint64_t>(i));
    };
    feed(whole, 0, 2000);
    feed(half, 0, 1000);
    top_table rest{{.keys = 50}};
    rest.restore(half.rows(), half.rest());
    feed(rest, 1000, 2000);

    CHECK(rest.total() == whole.total());
    CHECK(rest.missed() == whole.missed());
    REQUIRE(rest.top(50).size() == whole.top(50).size());
    for (std::size_t i = 0; i < whole.top(50).size(); ++i)
      CHECK(rest.top(50)[i].key == whole.top(50)[i].key);
  }

  TEST_CASE("one run at a time goes on with a file, which may be empty") {
    const temporary_folder folder;
    const auto file = folder.file("state");
    {
      const state_lock mine{file};
      CHECK_THROWS_WITH_AS(
          state_lock{file},
          ("--state: " + file + ": another run adds to it; wait for its end").c_str(),
          std::runtime_error);
      const auto s = load_state(file);
      s->add_skipped();
      save_state(file, *s);
    }
    const state_lock next{file}; // the new file
    CHECK(load_state(file)->skipped() == 1);
    CHECK_THROWS_AS(state_lock{"/no/such/folder/state"}, std::runtime_error);
  }

  TEST_CASE("what is no state is told, and left as it is") {
    const temporary_folder folder;
    for (const auto& contents : {"a log\n"s, "\xa1\x61x\x01"s, std::string(100, '\xff')}) {
      const auto file = folder.with("state", contents);
      CHECK_THROWS_WITH_AS(
          load_state(file),
          ("--state: " + file + ": is no state of this program; name another file, or remove it")
              .c_str(),
          std::runtime_error);
      CHECK(contents_of(file) == contents);
    }
    CHECK_THROWS_AS(load_state(folder.file("")), std::runtime_error);
    CHECK_THROWS_AS(save_state(folder.file("no/such/folder"), summary{}), std::runtime_error);
  }
}

TEST_SUITE("log_whole_file") {
  TEST_CASE("a file is replaced when it is whole, and a link stays one") {
    const temporary_folder folder;
    const auto file = folder.with("a", "old");
    std::filesystem::create_symlink(file, folder.file("link"));

    CHECK_FALSE(replace_file(folder.file("link"), [&](std::ostream& out) {
      out << "new";
      out.flush();
      CHECK(contents_of(file) == "old");
    }));
    CHECK(contents_of(file) == "new");
    CHECK(std::filesystem::is_symlink(folder.file("link")));
  }

  TEST_CASE("one that cannot be written is told, and a full device") {
    const auto text = [](std::ostream& out) { out << "x"; };
    CHECK(replace_file("/no/such/folder/x", text)
          == "/no/such/folder/x: No such file or directory");
    CHECK(replace_file("/dev/full", text) == "/dev/full: not all of it could be written");
  }
}

TEST_SUITE("log_growing_file") {
  TEST_CASE("whole lines are handed out as they come") {
    const temporary_folder folder;
    const auto file = folder.file("log");
    growing_file log{file};
    CHECK_FALSE(log.next()); // it is not there yet
    append(file, "one\ntw");
    CHECK(log.next() == "one\n");
    CHECK_FALSE(log.next());
    append(file, "o\nthree\n");
    CHECK(log.next() == "two\nthree\n");
    CHECK_FALSE(log.next());
  }

  TEST_CASE("a file that is renamed is read to its end, and then the new one") {
    const temporary_folder folder;
    const auto file = folder.file("log");
    append(file, "one\n");
    growing_file log{file};
    CHECK(log.next() == "one\n");

    append(file, "two\nthr");
    std::filesystem::rename(file, folder.file("log.1"));
    append(folder.file("log.1"), "ee"); // the server has it open
    append(file, "four\n");
    CHECK(log.next() == "two\n");
    CHECK(log.next() == "three");
    CHECK(log.next() == "four\n");
    CHECK_FALSE(log.next());
  }

  TEST_CASE("a file that is emptied is read from its beginning") {
    const temporary_folder folder;
    const auto file = folder.with("log", "one\ntwo\n");
    growing_file log{file};
    CHECK(log.next() == "one\ntwo\n");
    std::filesystem::resize_file(file, 0);
    append(file, "a\n");
    CHECK(log.next() == "a\n");
    CHECK_FALSE(log.next());
  }

  TEST_CASE("a line that does not end comes in pieces, and a folder is no file") {
    const temporary_folder folder;
    growing_file log{folder.with("log", std::string(growing_file::longest + 5, 'x') + "\n")};
    CHECK(log.next()->size() == growing_file::longest);
    CHECK(log.next() == "xxxxx\n");
    growing_file none{folder.file("")};
    CHECK_THROWS_AS(none.next(), std::system_error);
  }
}
