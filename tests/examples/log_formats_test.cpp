#include <log_analytics/line_format.hpp>
#include <log_analytics/pipeline.hpp>
#include <log_analytics/text.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace log_analytics;

namespace {

line_format compiled(std::string_view text) {
  const auto format = line_format::of(text);
  CAPTURE(text);
  CHECK_MESSAGE(format, (format ? "" : format.error()));
  REQUIRE(format);
  return *format;
}

std::string problem(std::string_view text) {
  const auto format = line_format::of(text);
  return format ? "none" : format.error();
}

std::string outcome(const line_format& format, std::string_view line) {
  const auto r = format.parse(line);
  return r ? "accepted" : std::string{to_string(r.error())};
}

/// The request that the formats below all write: what they agree on is checked, and it is copied.
void check_request(const line_format& format, const std::string& line, bool with_agent = true) {
  CAPTURE(line);
  const auto r = format.parse(line);
  CHECK_MESSAGE(r, (r ? "" : to_string(r.error())));
  REQUIRE(r);
  const auto& e = r->request;
  CHECK(e.host == "203.0.113.7");
  CHECK(e.method == "GET");
  CHECK(e.path == "/a/b?c=d");
  CHECK(e.status == 206);
  CHECK(e.bytes == 5120);
  CHECK(e.utc_second == 1'710'074'096); // date -u -d '2024-03-10 12:34:56' +%s
  CHECK(e.referrer == (with_agent ? "http://r.example/" : "-"));
  CHECK(e.agent == (with_agent ? "Mozilla/5.0 (X11; Linux)" : "-"));
}

} // namespace

TEST_SUITE("log_formats") {
  const std::string request = R"([10/Mar/2024:13:34:56 +0100] "GET /a/b?c=d HTTP/1.1" 206 5120)";
  const std::string agent = R"-( "http://r.example/" "Mozilla/5.0 (X11; Linux)")-";

  TEST_CASE("the usual ones, by name and as they are found") {
    const std::string client = "203.0.113.7 - - ";
    const line_format found;
    check_request(found, client + request, false);
    check_request(found, client + request + agent);
    check_request(found, "www.example.org:443 " + client + request + agent);
    check_request(compiled("common"), client + request, false);
    check_request(compiled("combined"), client + request + agent);
    check_request(compiled("vcombined"), "www.example.org " + client + request + agent);
    check_request(compiled("vcombined"), "192.0.2.80 " + client + request + agent);
    CHECK(outcome(compiled("combined"), "www.example.org " + client + request + agent)
          == to_string(rejection::leading_field));
    CHECK(outcome(compiled("vcombined"), client + request + agent)
          == to_string(rejection::bad_host));
  }

  TEST_CASE("Apache's directives") {
    const auto timed = compiled(R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D)");
    check_request(timed, "203.0.113.7 - John Smith " + request + agent + " 1234");
    CHECK(timed.parse("203.0.113.7 - - " + request + agent + " 1234")->request.served_us == 1234);
    CHECK(timed.parse("203.0.113.7 - - " + request + agent + " -")->request.served_us
          == entry::not_timed);

    // As it stands in httpd.conf, with its quotes escaped.
    const auto escaped
        = compiled(R"(%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\")");
    check_request(escaped, "www.example.org:443 203.0.113.7 - - " + request + agent);
    CHECK(escaped.parse("www.example.org:443 203.0.113.7 - - " + request + agent)->request.vhost
          == "www.example.org");

    const auto parts = compiled(
        R"(%{%Y-%m-%dT%H:%M:%S%z}t %a %m %U %q %H %s %B %{ms}T "%{Referer}i" "%{User-agent}i")");
    check_request(parts, "2024-03-10T13:34:56+0100 203.0.113.7 GET /a/b ?c=d HTTP/1.1 206 5120 12"
                             + agent);
    const auto joined = compiled(R"(%h %t "%m %U%q %H" %s %b)");
    check_request(joined, "203.0.113.7 " + request, false);
  }

  TEST_CASE("nginx's variables") {
    const auto main = compiled(R"($remote_addr - $remote_user [$time_local] "$request" $status )"
                               R"($body_bytes_sent "$http_referer" "$http_user_agent" )"
                               R"("$http_x_forwarded_for" $request_time)");
    check_request(main, "203.0.113.7 - - " + request + agent + R"( "-" 0.005)");
    check_request(main, "10.0.0.1 - - " + request + agent + R"( "203.0.113.7, 10.0.0.2" 0.005)");
    check_request(main, "10.0.0.1 - - " + request + agent + R"( "203.0.113.7:4711" 0.005)");
    check_request(main, "203.0.113.7 - - " + request + agent + R"( "unknown, 10.0.0.2" 0.005)");
    CHECK(main.parse("203.0.113.7 - - " + request + agent + R"( "-" 1.5)")->request.served_us
          == 1'500'000);

    const auto iso
        = compiled("${time_iso8601}|$remote_addr|$host|$request_method|$uri|$args|$status|"
                   "$bytes_sent|$http_referer|$http_user_agent|$upstream_addr");
    check_request(iso, "2024-03-10T13:34:56+01:00|203.0.113.7|example.org|GET|/a/b|c=d|206|5120|"
                       "http://r.example/|Mozilla/5.0 (X11; Linux)|10.0.0.3:80");
    const auto epoch = compiled("$msec $remote_addr \"$request\" $status $body_bytes_sent");
    check_request(epoch, R"(1710074096.123 203.0.113.7 "GET /a/b?c=d HTTP/1.1" 206 5120)", false);
  }

  TEST_CASE("a syslog prefix is text and fields that are skipped") {
    const auto format = compiled(R"(%^: %h %l %u %t "%r" %>s %b)");
    check_request(format, "<190>Mar 10 12:34:56 web1 nginx: 203.0.113.7 - - " + request, false);
  }

  TEST_CASE("a line that is not in the format, and one that is none") {
    const auto format = compiled(R"(%h [%{%d/%b/%Y:%H:%M:%S %z}t] "%r" %s|%b)");
    const std::string good = R"(203.0.113.7 [10/Mar/2024:12:34:56 +0000] "GET / HTTP/1.1" 200|5)";
    CHECK(outcome(format, good) == "accepted");
    CHECK(outcome(format, "") == to_string(rejection::empty_line));
    CHECK(outcome(format, "# rotated") == to_string(rejection::comment));
    CHECK(outcome(format, "x" + good) == to_string(rejection::bad_host));
    CHECK(outcome(format, good + " more") == to_string(rejection::not_in_format));
    CHECK(outcome(format, good + ",6") == to_string(rejection::not_in_format)); // no number
    for (std::size_t size = 1; size + 2 < good.size(); ++size)
      CHECK(outcome(format, good.substr(0, size)) != "accepted");
  }

  TEST_CASE("what is wrong with a format is said, with what is valid") {
    const auto says = [](std::string_view text, std::string_view part) {
      CAPTURE(text);
      CHECK(problem(text).find(part) != std::string::npos);
    };
    says("combind", "valid are auto, common, combined, vcommon, vcombined, w3c");
    says(R"(%t "%r" %s)", "no field for the client");
    says(R"(%h "%r" %s)", "no field for the time");
    says("%h %t %s", "no field for the request");
    says(R"(%h %t "%r")", "no field for the status");
    says(R"(%h%l %t "%r" %s)", "nothing between two fields");
    says(R"(%h %Z "%r" %s)", "\"%Z\" is no directive");
    says(R"(%h %{Referer "%r" %s)", "a { without a }");
    says(R"(%h %)", "\"%\" is no directive");
    says("$ $status", "a $ without the name");
  }
}

TEST_SUITE("log_w3c") {
  TEST_CASE("each day of a long log has its own date, and what is too much is refused") {
    formats by{{}};
    std::uint64_t number = 0;
    const auto read
        = [&](const std::string& line) { return by.format_of(line, ++number)->parse(line); };
    CHECK_FALSE(read("#Fields: time c-ip cs-uri-stem sc-status"));
    for (int day = 0; day < 300; ++day) {
      CHECK_FALSE(read("#Date: " + date_text(19'000 + day) + " 00:00:00"));
      const auto r = read("00:00:01 192.0.2.1 / 200");
      REQUIRE(r);
      CHECK(r->request.local_day == 19'000 + day);
    }
    CHECK_FALSE(
        read("#Fields: date time c-ip cs-uri-stem sc-status " + std::string(5'000'000, 'x')));
    CHECK_FALSE(read("2024-03-10 00:00:01 192.0.2.1 / 200"));
  }

  TEST_CASE("the directive in front tells how to read the lines behind it") {
    formats by{{}};
    const auto read = [&](std::string_view line, std::uint64_t number) {
      return by.format_of(line, number)->parse(line);
    };
    CHECK(read("#Software: Microsoft Internet Information Services 10.0", 1).error()
          == rejection::comment);
    CHECK(
        read(
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
            "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes time-taken",
            2)
            .error()
        == rejection::comment);
    const auto r = read("2024-03-10 12:34:56 10.0.0.1 GET /a/b c=d 443 - 203.0.113.7 "
                        "Mozilla/5.0+(X11;+Linux) http://r.example/ 206 0 0 5120 15",
                        3);
    REQUIRE(r);
    CHECK(r->request.path == "/a/b?c=d");
    CHECK(r->request.agent == "Mozilla/5.0 (X11; Linux)");
    CHECK(r->request.host == "203.0.113.7");
    CHECK(r->request.bytes == 5120);
    CHECK(r->request.served_us == 15'000);
    CHECK(r->request.utc_second == 1'710'074'096);
    CHECK(r->request.shape == shape::w3c);

    // After a restart with other fields; and the next file begins anew.
    CHECK_FALSE(read("#Fields: time-taken c-ip date time cs-method cs-uri-stem sc-status", 4));
    const auto next = read("0.5 203.0.113.8 2024-03-10 12:34:57 GET / 200", 5);
    REQUIRE(next);
    CHECK(next->request.served_us == 500'000);
    CHECK(next->request.path == "/");
    CHECK_FALSE(read("0.5 203.0.113.8 2024-03-10 12:34:57 GET / 200", 1));
  }

  TEST_CASE("where lines have no date, it is that of the directive") { // the example of IIS
    formats by{{}};
    std::uint64_t number = 0;
    const auto read
        = [&](std::string_view line) { return by.format_of(line, ++number)->parse(line); };
    CHECK_FALSE(read("#Software: Microsoft Internet Information Services 6.0"));
    CHECK_FALSE(read("#Version: 1.0"));
    CHECK_FALSE(read("#Date: 2001-05-02 17:42:15"));
    CHECK_FALSE(read("#Fields: time c-ip cs-method cs-uri-stem sc-status cs-version"));
    const auto first = read("17:42:15 172.22.255.255 GET /default.htm 200 HTTP/1.0");
    REQUIRE(first);
    CHECK(first->request.utc_second == 988'825'335); // date -u -d '2001-05-02 17:42:15' +%s
    CHECK(first->request.protocol == "HTTP/1.0");
    CHECK_FALSE(read("#Date: 2001-05-03 00:00:01"));
    const auto next = read("00:00:02 172.22.255.255 GET /default.htm 200 HTTP/1.0");
    REQUIRE(next);
    CHECK(next->request.utc_second == 988'848'002);
  }

  TEST_CASE("tabs between the fields, as CloudFront has them, and lines that are too short") {
    const auto format = line_format::of_w3c(
        " date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status");
    const auto r = format.parse("2024-03-10\t12:34:56\tFRA\t77\t2001:db8::1\tGET\tex.org\t/x\t404");
    REQUIRE(r);
    CHECK(r->request.vhost == "ex.org");
    const auto agent
        = line_format::of_w3c("date time c-ip cs-uri-stem sc-status cs(User-Agent)")
              .parse("2024-03-10\t12:34:56\t::1\t/\t200\tMozilla/4.0%20(a;%20100%25%)");
    REQUIRE(agent);
    CHECK(agent->request.agent == "Mozilla/4.0 (a; 100%%)");
    CHECK(r->request.status == 404);
    CHECK(outcome(format, "2024-03-10\t12:34:56\tFRA\t77") == to_string(rejection::not_in_format));
    CHECK(outcome(format, "2024-03-10\t12:34:56\tFRA\t77\t::1\tGET\te\t/x\t404\tmore")
          == to_string(rejection::not_in_format));
    const auto poor = line_format::of_w3c("date time cs-uri-stem sc-status"); // nobody asked
    CHECK(outcome(poor, "2024-03-10 12:34:56 /x 404") == to_string(rejection::not_in_format));
    CHECK(outcome(format, "2024-03-10\t12:34\tFRA\t77\t::1\tGET\te\t/x\t404")
          == to_string(rejection::bad_time));
  }
}
