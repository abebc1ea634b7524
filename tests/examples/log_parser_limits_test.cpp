// Odd lines, long lines, and a real log.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "log_file.hpp"
#include "parsed_line.hpp"

using namespace log_analytics;

TEST_SUITE("log_parser") {
  TEST_CASE("a carriage return at the end does not belong to the line") {
    const parsed p{good_head + "\"GET / HTTP/1.1\" 200 77\r"};

    REQUIRE(p.result);
    CHECK(p->bytes == 77);
  }

  TEST_CASE("fields behind the agent are ignored") {
    const parsed p{good_line + R"( "10.1.1.1" 0.004)"};

    REQUIRE(p.result);
    CHECK(p->agent == "Agent/1.0");
  }

  TEST_CASE("NUL bytes are bytes like others") {
    auto line = good_line;
    line[line.find("/a")] = '\0';
    const parsed p{line};

    REQUIRE(p.result);
    CHECK(p->path == std::string_view{"\0a", 2});
  }

  TEST_CASE("every beginning of a line is parsed without a read beyond it") {
    const auto line = good_head + R"("GET /a\\\"b HTTP/1.1" 200 512 "http://r/" "a\\"b")";
    for (std::size_t size = 0; size <= line.size(); ++size)
      CHECK_FALSE(outcome_of(std::string_view{line}.substr(0, size)).empty());
  }

  TEST_CASE("a line of megabytes takes time in proportion") {
    const std::string quotes(4'000'000, '"');
    std::string escaped;
    for (int i = 0; i < 2'000'000; ++i)
      escaped += "\\\"";

    const parsed path{good_head + "\"GET /" + std::string(8'000'000, 'x') + " HTTP/1.1\" 200 5"};
    const parsed slashes{good_head + "\"GET / HTTP/1.1\" 200 5 \"-\" \"" + escaped};

    REQUIRE(path.result);
    CHECK(path->path.size() == 8'000'001);
    REQUIRE(slashes.result);
    CHECK(slashes->agent.size() == escaped.size());
    CHECK(outcome_of(good_head + quotes) == to_string(rejection::bad_status));
    CHECK(outcome_of(good_head + '"' + std::string(4'000'000, '\\'))
          == to_string(rejection::no_request));
  }

  TEST_CASE("the figures of a real log are those of GoAccess 1.7") {
    const auto log = read_reference_log();
    if (log.empty()) {
      MESSAGE("SKIPPED: neither TROUPE_TEST_LOG nor ../shared/data/apache_access.log is there");
      return;
    }
    std::map<int, int> statuses;
    std::uint64_t bytes = 0;
    int failed = 0;
    for (const auto line : lines_of(log)) {
      const auto e = parse(line);
      failed += !e;
      if (!e)
        continue;
      ++statuses[e->status];
      bytes += e->bytes;
    }

    CHECK(failed == 0);
    CHECK(bytes == 2'747'282'740);
    CHECK(statuses
          == std::map<int, int>{{200, 9126},
                                {206, 45},
                                {301, 164},
                                {304, 445},
                                {403, 2},
                                {404, 213},
                                {416, 2},
                                {500, 3}});
  }
}
