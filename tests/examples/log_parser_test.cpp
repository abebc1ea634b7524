#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "parsed_line.hpp"

using namespace log_analytics;

namespace {

std::string request_line(std::string_view request) {
  return good_head + '"' + std::string{request} + R"(" 200 5 "-" "-")";
}

} // namespace

TEST_SUITE("log_parser") {
  TEST_CASE("every field of a combined line is found") {
    const parsed p{
        R"(83.149.9.216 id frank [17/May/2015:10:05:03 +0200] "GET /a?b=c HTTP/1.1" 206 203023 )"
        R"-("http://example.org/x" "Mozilla/5.0 (X11; Linux)")-"};

    REQUIRE(p.result);
    CHECK(p->host == "83.149.9.216");
    CHECK(p->ident == "id");
    CHECK(p->user == "frank");
    CHECK(p->method == "GET");
    CHECK(p->path == "/a?b=c");
    CHECK(p->protocol == "HTTP/1.1");
    CHECK(p->status == 206);
    CHECK(p->bytes == 203'023);
    CHECK(p->referrer == "http://example.org/x");
    CHECK(p->agent == "Mozilla/5.0 (X11; Linux)");
  }

  TEST_CASE("the common format has neither referrer nor agent") {
    const parsed p{good_head + R"("GET / HTTP/1.0" 200 2326)"};

    REQUIRE(p.result);
    CHECK(p->bytes == 2326);
    CHECK(p->referrer == "-");
    CHECK(p->agent == "-");
  }

  TEST_CASE("the time is absolute for ranges, and as written for days and hours") {
    using namespace std::chrono;
    const parsed p{R"(h - - [01/Jan/2015:00:30:15 +0130] "GET / HTTP/1.0" 200 1)"};

    REQUIRE(p.result);
    const auto written = sys_days{2015y / January / 1};
    CHECK(p->local_day == written.time_since_epoch().count());
    CHECK(p->local_hour == 0);
    // 00:30:15 half past one east of Greenwich is 23:00:15 of the day before.
    const sys_seconds absolute = sys_days{2014y / December / 31} + 23h + 15s;
    CHECK(p->utc_second == absolute.time_since_epoch().count());
  }

  TEST_CASE("a zone west of UTC is later in UTC, and none at all counts as UTC") {
    const auto second = [](std::string_view zone) {
      const parsed p{"h - - [01/Jan/1970:00:00:00" + std::string{zone} + R"(] "-" 200 1)"};
      REQUIRE(p.result);
      return p->utc_second;
    };

    CHECK(second(" +0000") == 0);
    CHECK(second(" -0530") == 5 * 3600 + 30 * 60);
    CHECK(second(" +0100") == -3600);
    CHECK(second("") == 0);
    CHECK(second(" zone") == 0);
    CHECK(second(" +9999") == 0);
  }

  TEST_CASE("all twelve months are known, in any case") {
    constexpr std::array months{"Jan", "FEB", "mar", "Apr", "mAy", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (std::size_t i = 0; i < months.size(); ++i) {
      const parsed p{"h - - [01/" + std::string{months[i]} + R"(/2020:12:00:00 +0000] "-" 200 1)"};
      REQUIRE(p.result);
      const std::chrono::sys_days day{std::chrono::days{p->local_day}};
      CHECK(unsigned{std::chrono::year_month_day{day}.month()} == i + 1);
    }
  }

  TEST_CASE("hosts are addresses of both kinds, in brackets or not, and names") {
    for (const auto* host :
         {"10.0.0.1", "255.255.255.255", "::1", "2001:db8::8a2e:370:7334", "fe80::1%eth0",
          "::ffff:10.0.0.1", "localhost", "web-1.example.org", "xn--bcher-kva.example"}) {
      const parsed p{std::string{host} + good_line.substr(good_line.find(' '))};
      CAPTURE(host);
      REQUIRE(p.result);
      CHECK(p->host == host);
    }
    const parsed bracketed{"[::1]" + good_line.substr(good_line.find(' '))};
    REQUIRE(bracketed.result);
    CHECK(bracketed->host == "::1");
  }

  TEST_CASE("what is no host is rejected") {
    for (const auto* host : {"256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "10.0.x.7",
                             ":::", "12345::", "a/b", "a\tb", "\x16\x03\x01", "fe80%eth0", "a,b"}) {
      CAPTURE(host);
      CHECK(outcome_of(std::string{host} + good_line.substr(good_line.find(' ')))
            == to_string(rejection::bad_host));
    }
    CHECK(outcome_of(std::string(256, 'a') + good_line.substr(good_line.find(' ')))
          == to_string(rejection::bad_host));
  }

  TEST_CASE("bytes that are no number count as 0") {
    const auto bytes = [](std::string_view text) {
      const parsed p{good_head + R"("GET / HTTP/1.1" 200 )" + std::string{text} + R"( "-" "x")"};
      REQUIRE(p.result);
      CHECK(p->agent == "x");
      return p->bytes;
    };

    CHECK(bytes("0") == 0);
    CHECK(bytes("-") == 0);
    CHECK(bytes("12a") == 0);
    CHECK(bytes("-5") == 0);
    CHECK(bytes("18446744073709551600") == 18'446'744'073'709'551'600U);
    CHECK(bytes("18446744073709551616") == 0); // 2^64
    CHECK(bytes("99999999999999999999999999") == 0);
  }

  TEST_CASE("an escaped quote is part of its field") {
    const parsed p{good_head + R"("GET /a\"b HTTP/1.1" 200 5 "http://r/\"x\"" "agent \\" "more")"};

    REQUIRE(p.result);
    CHECK(p->path == R"(/a\"b)");
    CHECK(p->referrer == R"(http://r/\"x\")");
    CHECK(p->agent == R"(agent \\)"); // the backslash before the quote is itself escaped
  }

  TEST_CASE("without its closing quote a referrer or agent ends with the line") {
    const parsed agent{good_head + R"("GET / HTTP/1.1" 200 235 "-" "Mozilla/5.0 (compatible; G)"};
    REQUIRE(agent.result);
    CHECK(agent->agent == "Mozilla/5.0 (compatible; G");

    const parsed referrer{good_head + R"("GET / HTTP/1.1" 200 235 "http://exam)"};
    REQUIRE(referrer.result);
    CHECK(referrer->referrer == "http://exam");
    CHECK(referrer->agent == "-");
  }

  TEST_CASE("empty fields are absent") {
    const parsed p{good_head + R"("" 408 - "" "")"};

    REQUIRE(p.result);
    CHECK(p->method == "-");
    CHECK(p->path == "-");
    CHECK(p->protocol == "-");
    CHECK(p->referrer == "-");
    CHECK(p->agent == "-");
  }

  TEST_CASE("a request is method, path and protocol, as far as it has them") {
    struct example {
      std::string_view request, method, path, protocol;
    };
    for (const auto& e : std::vector<example>{
             {"GET / HTTP/1.1", "GET", "/", "HTTP/1.1"},
             {"GET /with a space HTTP/2.0", "GET", "/with a space", "HTTP/2.0"},
             {"GET /old", "GET", "/old", "-"},
             {"GET /old page", "GET", "/old page", "-"},
             {"VERSION-CONTROL /x HTTP/1.1", "VERSION-CONTROL", "/x", "HTTP/1.1"},
             {"QUUX /x HTTP/1.0", "QUUX", "/x", "HTTP/1.0"},
             {"GET HTTP/1.1", "GET", "-", "HTTP/1.1"},
             {"GET  HTTP/1.1", "GET", "-", "HTTP/1.1"},
             {"-", "-", "-", "-"},
             {"GET", "-", "GET", "-"},
             {R"(\x16\x03\x01\x02)", "-", R"(\x16\x03\x01\x02)", "-"},
             {"/no/method HTTP/1.1", "-", "/no/method HTTP/1.1", "-"},
             {"CONNECTCONNECTCONNECTCONN / HTTP/1.1", "-", "CONNECTCONNECTCONNECTCONN / HTTP/1.1",
              "-"},
         }) {
      const parsed p{request_line(e.request)};
      CAPTURE(e.request);
      REQUIRE(p.result);
      CHECK(p->method == e.method);
      CHECK(p->path == e.path);
      CHECK(p->protocol == e.protocol);
    }
  }

  TEST_CASE("a malformed line is rejected with its reason") {
    struct example {
      std::string line;
      rejection why;
    };
    const auto with_time = [](std::string_view time) {
      return "10.0.0.1 - - [" + std::string{time} + R"(] "GET / HTTP/1.1" 200 5)";
    };
    for (const auto& e : std::vector<example>{
             {"", rejection::empty_line},
             {"\r", rejection::empty_line},
             {"# Software: Apache", rejection::comment},
             {"host", rejection::no_host},
             {" - - [17/May/2015:10:05:03 +0000]", rejection::no_host},
             {"[::1 - -", rejection::no_host},
             {"not a log line", rejection::no_time},
             {"h - - [17/May/2015:10:05:03 +0000", rejection::no_time},
             {with_time("007/May/2015:10:05:03 +0000"), rejection::bad_date},
             {with_time("7/Mayo/2015:10:05:03 +0000"), rejection::bad_date},
             {with_time("31/Feb/2015:10:05:03 +0000"), rejection::bad_date},
             {with_time("29/Feb/2015:10:05:03 +0000"), rejection::bad_date},
             {with_time("00/May/2015:10:05:03 +0000"), rejection::bad_date},
             {with_time("17/Foo/2015:10:05:03 +0000"), rejection::bad_date},
             {with_time("17-May-2015:10:05:03 +0000"), rejection::bad_date},
             {with_time(""), rejection::bad_date},
             {with_time("17/May/2015"), rejection::bad_time},
             {with_time("17/May/2015:24:05:03 +0000"), rejection::bad_time},
             {with_time("17/May/2015:10:60:03 +0000"), rejection::bad_time},
             {with_time("17/May/2015:10:05:61 +0000"), rejection::bad_time},
             {with_time("17/May/2015:10:05:033 +0000"), rejection::bad_time},
             {good_head, rejection::no_request},
             {good_head + R"("GET / HTTP/1.1)", rejection::no_request},
             {good_head + R"("GET / HTTP/1.1\" 200 5)", rejection::no_request},
             {good_head + R"("GET / HTTP/1.1" -- 5)", rejection::bad_status},
             {good_head + R"("GET / HTTP/1.1" 099 5)", rejection::bad_status},
             {good_head + R"("GET / HTTP/1.1" 200 "-" "agent")", rejection::no_bytes},
             {good_head + R"(1939 "GET / HTTP/1.1" 200 5)", rejection::no_request},
             {good_head + R"("GET / HTTP/1.1" 99 5)", rejection::bad_status},
             {good_head + R"("GET / HTTP/1.1" 600 5)", rejection::bad_status},
             {good_head + R"("GET / HTTP/1.1" 2000 5)", rejection::bad_status},
             {good_head + R"("GET / HTTP/1.1")", rejection::bad_status},
             {good_head + R"("GET / HTTP/1.1" 200)", rejection::no_bytes},
             {good_head + R"("GET / HTTP/1.1" 200 )", rejection::no_bytes},
         }) {
      CAPTURE(e.line);
      CHECK(outcome_of(e.line) == to_string(e.why));
    }
  }

  TEST_CASE("days of one digit and whole names of months are days as well") {
    for (const auto* time :
         {"07/Mar/2015:10:05:03 +0000", "7/Mar/2015:10:05:03 +0000", " 7/Mar/2015:10:05:03 +0000",
          "7/March/2015:10:05:03 +0000", "07/MARCH/2015:10:05:03 +0000"}) {
      CAPTURE(time);
      const parsed p{"h - - [" + std::string{time} + R"(]  "GET / HTTP/1.1" 200 5)"};
      REQUIRE(p.result);
      CHECK(p->local_second == 1'425'722'703); // date -u -d '2015-03-07 10:05:03' +%s
    }
  }

  TEST_CASE("a status that was not sent is a status of its own") {
    const auto status = [](std::string_view text) {
      const parsed p{good_head + R"("GET / HTTP/1.1" )" + std::string{text} + " 5"};
      REQUIRE(p.result);
      return p->status;
    };
    CHECK(status("-") == entry::no_status);
    CHECK(status("000") == 0);
    CHECK(status("599") == 599);
  }

  TEST_CASE("a byte order mark in front, blanks and comments are no part of a request") {
    CHECK(outcome_of("\xef\xbb\xbf" + good_line) == "accepted");
    CHECK(outcome_of("  \t ") == to_string(rejection::empty_line));
    CHECK(outcome_of("\xef\xbb\xbf#Version: 1.0") == to_string(rejection::comment));
  }

  TEST_CASE("the virtual host in front is never taken for the client") {
    struct example {
      std::string names, vhost, host, user;
    };
    const auto rest = good_line.substr(good_line.find('['));
    for (const auto& e : std::vector<example>{
             {"www.example.org 192.0.2.1 - -", "www.example.org", "192.0.2.1", "-"},
             {"www.example.org:443 192.0.2.1 - frank", "www.example.org", "192.0.2.1", "frank"},
             {"192.0.2.80:8080 192.0.2.1 - -", "192.0.2.80", "192.0.2.1", "-"},
             {"[2001:db8::1]:80 2001:db8::2 - -", "2001:db8::1", "2001:db8::2", "-"},
             {"www.example.org:80 client.example.net - -", "www.example.org", "client.example.net",
              "-"},
             {"www.example.org client.example.net - -", "www.example.org", "client.example.net",
              "-"},
             {"_ 2001:db8::2 - -", "_", "2001:db8::2", "-"},
             {"www.example.org localhost - -", "www.example.org", "localhost", "-"},
             {"www.example.org 192.0.2.1 - John Smith", "www.example.org", "192.0.2.1",
              "John Smith"},
             {"www.example.org 192.0.2.1", "www.example.org", "192.0.2.1", "-"},
             // and these have none
             {"192.0.2.1 - John Smith", "-", "192.0.2.1", "John Smith"},
             {"client.example.net id frank", "-", "client.example.net", "frank"},
             {"2001:db8::7:80 - -", "-", "2001:db8::7:80", "-"},
         }) {
      CAPTURE(e.names);
      const parsed p{e.names + " " + rest};
      REQUIRE(p.result);
      CHECK(p->vhost == e.vhost);
      CHECK(p->host == e.host);
      CHECK(p->user == e.user);
    }
    for (const auto* names :
         {"192.0.2.80 192.0.2.1 - -", "web1 nginx 7 192.0.2.1 - -", "192.0.2.1 - 192.0.2.2",
          "Mar 10 12:34:56 web1 192.0.2.1 - -", "www.example.org 1.2.3.4:5678 - -",
          "www.example.org unix: - -", "www.example.org 1.2.3.4,5.6.7.8 - -",
          "www.example.org - - -", "192.0.2.1 ident John Smith"}) {
      CAPTURE(names);
      CHECK(outcome_of(std::string{names} + " " + rest) == to_string(rejection::leading_field));
    }
    CHECK(outcome_of("www.example.org:80 - - " + rest) == to_string(rejection::bad_host));
  }

  TEST_CASE("fields without quotes do not shift the referrer and the agent") {
    struct example {
      std::string tail, referrer, agent;
    };
    for (const auto& e : std::vector<example>{
             {R"-(- "Mozilla/5.0 (X11)")-", "-", "Mozilla/5.0 (X11)"},
             {R"(1234 "http://r.example/" "Mozilla/5.0")", "http://r.example/", "Mozilla/5.0"},
             {R"(- "http://r.example/" "Mozilla/5.0")", "http://r.example/", "Mozilla/5.0"},
             {R"(- "Mozilla/5.0" "10.0.0.1")", "-", "Mozilla/5.0"},
             {R"("http://r.example/" -)", "http://r.example/", "-"},
             {R"("-" 17 "Mozilla/5.0")", "-", "Mozilla/5.0"},
             {R"(- -)", "-", "-"},
             {R"(0.004 0.003 "-" "Mozilla/5.0")", "-", "Mozilla/5.0"},
             {R"(12 "Mozilla/5.0")", "-", "Mozilla/5.0"},
         }) {
      CAPTURE(e.tail);
      const parsed p{good_head + R"("GET / HTTP/1.1" 200 5 )" + e.tail};
      REQUIRE(p.result);
      CHECK(p->bytes == 5);
      CHECK(p->referrer == e.referrer);
      CHECK(p->agent == e.agent);
    }
  }

  TEST_CASE("where nobody can tell which field is which, the line is refused") {
    for (const auto* tail :
         {R"("example.org" "http://r/" "UA")", R"("http://r/" "Mozilla "quoted" x")"}) {
      CAPTURE(tail);
      CHECK(outcome_of(good_head + R"("GET / HTTP/1.1" 200 5 )" + tail)
            == to_string(rejection::not_in_format));
    }
  }

  TEST_CASE("a leap day, a leap second and the last day of a year are real") {
    for (const auto* time : {"29/Feb/2016:10:05:03 +0000", "31/Dec/2016:23:59:60 +0000",
                             "31/Dec/9999:23:59:59 +0000", "01/Jan/0000:00:00:00 +0000"}) {
      CAPTURE(time);
      CHECK(outcome_of("h - - [" + std::string{time} + R"(] "GET / HTTP/1.1" 200 5)")
            == "accepted");
    }
  }
}
