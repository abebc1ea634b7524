#include <log_analytics/families.hpp>
#include <log_analytics/filter.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "parsed_line.hpp"

using namespace log_analytics;

namespace {

bool passes(std::string_view text, const std::string& line) {
  const parsed p{line};
  REQUIRE(p.result);
  const auto f = filter::of(text);
  CAPTURE(text);
  CHECK_MESSAGE(f, (f ? "" : f.error()));
  REQUIRE(f);
  return f->passes(*p);
}

} // namespace

TEST_SUITE("log_filter") {
  const std::string line = R"(www.example.org 10.0.0.1 - - [17/May/2015:10:05:03 +0200] )"
                           R"("POST /api/x?y=1 HTTP/1.1" 503 512 "http://r.example/" "Agent/1.0")";

  TEST_CASE("each field is compared by each operator that it has") {
    for (const auto* yes :
         {"host = 10.0.0.1", "host!=10.0.0.2", "vhost ~ example", "method=POST", "path~^/api/",
          "agent ~ ^Agent/[0-9]", "referrer = http://r.example/", "status >= 500", "status<504",
          "status != 200", "bytes = 512", "bytes<=512", "bytes > 511", "time = 2015-05-17",
          "time >= 2015-05-17T10:05", "time < 2015-05-18", "time<=2015-05-17",
          "time = 2015-05-17T08:05:03Z", "time != 2015-05-17T10:05:03Z"}) {
      CAPTURE(yes);
      CHECK(passes(yes, line));
    }
    for (const auto* no :
         {"host != 10.0.0.1", "vhost = 10.0.0.1", "path ~ ^api", "status < 503", "status = 50",
          "bytes > 512", "time > 2015-05-17", "time < 2015-05-17", "time = 2015-05-17T10:05:03Z"}) {
      CAPTURE(no);
      CHECK_FALSE(passes(no, line));
    }
  }

  TEST_CASE("a status that was not sent is neither more nor less than a number") {
    const auto none = good_head + R"("GET / HTTP/1.1" - 5)";
    CHECK(passes("status = -", none));
    CHECK(passes("status != 200", none));
    CHECK_FALSE(passes("status != -", none));
    CHECK_FALSE(passes("status >= 500", none));
    CHECK_FALSE(passes("status < 500", none));
    CHECK_FALSE(passes("status = -", line));
    CHECK(passes("status != -", line));
  }

  TEST_CASE("what is wrong with a filter is said, with what is valid") {
    const auto says = [](std::string_view text, std::string_view part) {
      CAPTURE(text);
      const auto f = filter::of(text);
      REQUIRE_FALSE(f);
      CHECK(f.error().find(part) != std::string::npos);
    };
    says("", "host, vhost, status, method, path, agent, referrer, bytes or time");
    says("code = 5", "does not begin with a field");
    says("status", "=, !=, <, <=, >, >= or ~");
    says("status ! 5", "no operator");
    says("status = five", "\"five\" is not a whole number below 600, or -");
    says("status = 600", "is not a whole number below 600");
    says("status >= -", "a status of - is compared by = or !=");
    says("bytes ~ 5", "=, !=, <, <=, > or >=");
    says("path < /a", "a text is compared by =, != or ~");
    says("path ~ (", "\"(\" is not an extended regular expression: Unmatched (");
    says("time > yesterday", "\"yesterday\" is not YYYY-MM-DD");
  }
}

TEST_SUITE("log_families") {
  TEST_CASE("browsers and systems by what they say, crawlers apart") {
    struct example {
      std::string_view agent, browser, system;
      bool crawler;
    };
    for (const auto& e : std::vector<example>{
             {"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", "Firefox",
              "Linux", false},
             {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
              "Chrome/120.0 Safari/537.36 Edg/120.0",
              "Edge", "Windows", false},
             {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
              "like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
              "Safari", "iOS", false},
             {"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile "
              "Safari/537.36",
              "Chrome", "Android", false},
             {"curl/7.88.1", "curl", "unknown", false},
             {"-", "unknown", "unknown", false},
             {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
              "Googlebot", "", true},
             {"msnbot/2.0b (+http://search.msn.com/msnbot.htm)", "msnbot", "", true},
             {"Baiduspider+(+http://www.baidu.com/search/spider.htm)", "Baiduspider", "", true},
         }) {
      CAPTURE(e.agent);
      const auto f = family_of(e.agent);
      CHECK(f.browser == e.browser);
      CHECK(f.system == e.system);
      CHECK(f.crawler == e.crawler);
    }
  }

  TEST_CASE("static files by the ending of their path") {
    for (const auto* path : {"/a.css", "/a/b.PNG?v=3", "/x.tar.gz", "/f.woff2#x"})
      CHECK(is_static_file(path));
    for (const auto* path : {"/", "/a", "/a.html", "/css/", "/a.css/b", "/png", "-", "/?f=a.png"})
      CHECK_FALSE(is_static_file(path));
  }
}
