#include <troupe/web_hook.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "../alert_fixture.hpp"
#include "../support.hpp"
#include <troupe/web/http_url.hpp>
#include <troupe/web/web_hook_body.hpp>

using namespace std::chrono_literals;
using nlohmann::json;
using support::refusal;
using support::slow_pricing;
using troupe::alert_state;
using troupe::detail::fingerprint_of;
using troupe::detail::http_url;
using troupe::detail::labels_of;
using troupe::detail::web_hook_body;
using troupe::detail::web_hook_frame;

namespace {

http_url read(const std::string& text) { return troupe::detail::parse_http_url("web_hook", text); }

/// Of a refusal, behind `web_hook: url = "…", needs `.
std::string wants(const std::string& text) {
  try {
    (void)troupe::web_hook(text);
  } catch (const std::invalid_argument& e) {
    const std::string all = e.what();
    const std::string needs = "\", needs ";
    REQUIRE(all.starts_with("web_hook: url = \""));
    return all.substr(all.find(needs) + needs.size());
  }
  return "nothing";
}

const web_hook_frame frame{
    .receiver = "pager", .labels = {{"instance", "host-1"}}, .external_url = "http://host-1:9464"};
const std::chrono::system_clock::time_point at{1'000'000'000s + 250ms};

} // namespace

TEST_SUITE("web hook parts") {

  TEST_CASE("an address is host, port, and what is asked for") {
    CHECK(read("http://example.org") == http_url{"example.org", 80, "/"});
    CHECK(read("HTTP://example.org:8080/a/b?c=d:e") == http_url{"example.org", 8080, "/a/b?c=d:e"});
    CHECK(read("http://127.0.0.1:1/") == http_url{"127.0.0.1", 1, "/"});
    CHECK(read("http://h?q=/[") == http_url{"h", 80, "/?q=/["});
    CHECK(read("http://[::1]") == http_url{"::1", 80, "/"});
    CHECK(read("http://[2001:db8::7]:65535/x") == http_url{"2001:db8::7", 65535, "/x"});
  }

  TEST_CASE("a Host header has the port where it is not 80, and brackets around IPv6") {
    CHECK(read("http://example.org/x").authority() == "example.org");
    CHECK(read("http://example.org:8080").authority() == "example.org:8080");
    CHECK(read("http://[::1]:80").authority() == "[::1]");
    CHECK(read("http://[::1]:81").authority() == "[::1]:81");
  }

  TEST_CASE("what is no address to post to is refused with a sentence") {
    CHECK(refusal([] { (void)troupe::web_hook("https://h/x"); })
          == "web_hook: url = \"https://h/x\", needs http: https is not spoken here, but a proxy "
             "beside this program may speak it");
    for (const auto* text : {"", "h", "ftp://h", "http:/h", "//h"})
      CHECK(wants(text) == "http://HOST[:PORT][/PATH]");
    for (const auto* text : {"http://h/a b", "http://h/\r\nX: y", "http://h/\xc3\xa4", " http://h"})
      CHECK(wants(text) == "no blanks, and other characters than ASCII's as %XX");
    for (const auto* text : {"http://", "http:///x", "http://:80", "http://a,b", "http://::1"})
      CHECK(wants(text) == "a host's name, an IPv4 address, or an IPv6 address between [ and ]");
    for (const auto* text : {"http://[1.2.3.4]", "http://[]", "http://[fe80::1%25eth0]"})
      CHECK(wants(text) == "an IPv6 address between [ and ]");
    CHECK(wants("http://[::1") == "a ] behind an IPv6 address");
    for (const auto* text : {"http://h:", "http://h:0", "http://h:65536", "http://h:-1",
                             "http://h:8x", "http://[::1]8"})
      CHECK(wants(text) == "a port of 1 to 65535");
    CHECK(wants("http://h/x#y") == "no #fragment: it is never sent");
  }

  TEST_CASE("a password is refused, and not repeated") {
    CHECK(refusal([] { (void)troupe::web_hook("http://me:secret@h/x"); })
          == "web_hook: url = \"…@h/x\", needs no user and password: they would be sent for all to "
             "read");
  }

  TEST_CASE("wrong options are refused with option, value and valid range") {
    const auto with = [](troupe::web_hook_options o) {
      return refusal([&] { (void)troupe::web_hook("http://h", o); });
    };
    CHECK(with({.attempts = 0}) == "web_hook: attempts = 0, needs at least 1");
    CHECK(with({.timeout = 0s}) == "web_hook: timeout = 0 ms, needs more than 0 ms");
    CHECK(with({.backoff = {2s, 1s}})
          == "web_hook: backoff.max = 1 s, needs at least backoff.min, 2 s");
  }

  TEST_CASE("the document is that of Alertmanager, version 4") {
    const json labels{{"alertname", R"(p99_latency("pricing") > 250ms for 2s)"},
                      {"instance", "host-1"},
                      {"metric", "p99_latency"},
                      {"run", "orders"},
                      {"severity", "critical"},
                      {"stage", "pricing"}};
    const json annotations{
        {"description",
         R"(critical: orders: p99_latency("pricing") = 312ms > 250ms for 2.1s, held up by "ledger")"},
        {"root", "ledger"},
        {"runbook_url", "https://wiki/prices"},
        {"summary", "orders wait for prices"},
        {"value", "312ms"}};
    const json one{{"status", "firing"},
                   {"labels", labels},
                   {"annotations", annotations},
                   {"startsAt", "2001-09-09T01:46:38.150000Z"},
                   {"endsAt", "0001-01-01T00:00:00Z"},
                   {"generatorURL", "http://host-1:9464"},
                   {"fingerprint", "444d991da3548849"}};
    CHECK(json::parse(web_hook_body(slow_pricing(), at, frame))
          == json{{"version", "4"},
                  {"groupKey", "{}:{alertname=\"p99_latency(\\\"pricing\\\") > 250ms for 2s\", "
                               "instance=\"host-1\", metric=\"p99_latency\", run=\"orders\", "
                               "severity=\"critical\", stage=\"pricing\"}"},
                  {"truncatedAlerts", 0},
                  {"status", "firing"},
                  {"receiver", "pager"},
                  {"groupLabels", labels},
                  {"commonLabels", labels},
                  {"commonAnnotations", annotations},
                  {"externalURL", "http://host-1:9464"},
                  {"alerts", json::array({one})}});
  }

  TEST_CASE("the document of the end has the same labels, group, fingerprint and beginning") {
    auto over = slow_pricing(alert_state::resolved);
    over.value = 0.12;
    over.at += 10s;
    over.root.clear();
    over.reason = "the run ended";
    const auto a = json::parse(web_hook_body(slow_pricing(), at, frame));
    const auto b = json::parse(web_hook_body(over, at + 10s, frame));
    CHECK(b["status"] == "resolved");
    CHECK(b["groupKey"] == a["groupKey"]);
    CHECK(b["alerts"][0]["status"] == "resolved");
    CHECK(b["alerts"][0]["labels"] == a["alerts"][0]["labels"]);
    CHECK(b["alerts"][0]["fingerprint"] == a["alerts"][0]["fingerprint"]);
    CHECK(b["alerts"][0]["startsAt"] == a["alerts"][0]["startsAt"]);
    CHECK(b["alerts"][0]["endsAt"] == "2001-09-09T01:46:50.250000Z");
  }

  TEST_CASE("what is empty is no label, and a rule without a summary has its line as one") {
    auto a = slow_pricing();
    a.run.clear();
    a.stage.clear();
    a.summary.clear();
    a.runbook.clear();
    const auto labels = labels_of(a, {});
    CHECK(labels.count("run") == 0);
    CHECK(labels.count("stage") == 0);
    const auto body = json::parse(web_hook_body(a, at, frame));
    CHECK(body["commonAnnotations"]["summary"] == body["commonAnnotations"]["description"]);
    CHECK_FALSE(body["commonAnnotations"].contains("runbook_url"));
  }

  TEST_CASE("what is no text does not break the document") {
    auto a = slow_pricing();
    a.run = "a\xff\"\r\nb";
    const auto body = web_hook_body(a, at, frame);
    CHECK(body.find('\n') == std::string::npos);
    CHECK(json::parse(body)["commonLabels"]["run"] == "a\xef\xbf\xbd\"\r\nb");
  }

  TEST_CASE("a fingerprint is FNV-1a, as Prometheus makes it of labels") {
    CHECK(fingerprint_of({}) == "cbf29ce484222325"); // the offset of FNV-1a
    CHECK(fingerprint_of({{"a", "b"}}) == "d2b371819297f98a");
    CHECK(fingerprint_of({{"a", "bc"}}) != fingerprint_of({{"ab", "c"}}));
  }

} // TEST_SUITE
