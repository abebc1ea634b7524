#include <log_analytics/report.hpp>
#include <log_analytics/text.hpp>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace log_analytics;

namespace {

entry request(std::string_view path, std::uint16_t status, std::uint64_t bytes) {
  entry e;
  e.host = "10.0.0.1";
  e.ident = e.user = "-";
  e.method = "GET";
  e.path = path;
  e.protocol = "HTTP/1.1";
  e.referrer = "-";
  e.agent = "Agent/1.0";
  e.status = status;
  e.bytes = bytes;
  return e;
}

std::string text_of(const summary& s, const report_options& o = {}) {
  std::ostringstream out;
  write_text(out, s, o);
  return out.str();
}

std::string csv_of(const summary& s, const report_options& o = {}) {
  std::ostringstream out;
  write_csv(out, s, o);
  return out.str();
}

nlohmann::json json_of(const summary& s, const report_options& o = {}) {
  std::ostringstream out;
  write_json(out, s, o);
  return nlohmann::json::parse(out.str());
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Reads CSV as RFC 4180 has it.
std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"')
      rows.back().back() += text[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      rows.back().emplace_back();
    else if (c == '\n' && !quoted)
      rows.push_back({""});
    else
      rows.back().back() += c;
  }
  rows.pop_back();
  return rows;
}

} // namespace

TEST_SUITE("log_report") {
  TEST_CASE("numbers are set in groups of three") {
    CHECK(with_separators(0) == "0");
    CHECK(with_separators(999) == "999");
    CHECK(with_separators(1000) == "1,000");
    CHECK(with_separators(1'234'567) == "1,234,567");
    CHECK(with_separators(std::numeric_limits<std::uint64_t>::max())
          == "18,446,744,073,709,551,615");
  }

  TEST_CASE("bytes are given in the unit that keeps them below 1024") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(1023) == "1023 B");
    CHECK(human_bytes(1024) == "1.00 KiB");
    CHECK(human_bytes(1536) == "1.50 KiB");
    CHECK(human_bytes(1024 * 1024 - 1) == "1.00 MiB");
    CHECK(human_bytes(2'747'282'740) == "2.56 GiB");
    CHECK(human_bytes(std::numeric_limits<std::uint64_t>::max()) == "16.00 EiB");
  }

  TEST_CASE("percentages have two digits, and nothing is no percentage of nothing") {
    CHECK(percent(1, 3) == "33.33%");
    CHECK(percent(5, 5) == "100.00%");
    CHECK(percent(0, 0) == "-");
  }

  TEST_CASE("a bar fills its columns in steps of an eighth") {
    CHECK(bar(0, 2) == "  ");
    CHECK(bar(1, 2) == "██");
    CHECK(bar(0.5, 2) == "█ ");
    CHECK(bar(0.25, 2) == "▌ ");
    CHECK(bar(7, 2) == "██");
  }

  TEST_CASE("days and seconds are written as in ISO 8601, before 1970 too") {
    CHECK(date_text(0) == "1970-01-01");
    CHECK(date_text(-1) == "1969-12-31");
    CHECK(date_text(16'572) == "2015-05-17");
    CHECK(time_text(86'399) == "1970-01-01 23:59:59");
    CHECK(time_text(-1, 'T') == "1969-12-31T23:59:59");
  }

  TEST_CASE("what could harm a terminal is written out, other text stays") {
    CHECK(printable("plain /path?x=1") == "plain /path?x=1");
    CHECK(printable("Käse 世界 🎭") == "Käse 世界 🎭");
    CHECK(printable("\x1b[2J") == "\\x1b[2J");
    CHECK(printable({"a\0b", 3}) == "a\\x00b");
    CHECK(printable("tab\there\x7f") == "tab\\x09here\\x7f");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");          // CSI as one character
    CHECK(printable("\xe2\x80\xae") == "\\xe2\\x80\\xae"); // right-to-left override
  }

  TEST_CASE("bytes that are not UTF-8 are written out") {
    CHECK(printable("\xff") == "\\xff");
    CHECK(printable("caf\xe9") == "caf\\xe9");             // Latin-1
    CHECK(printable("\xe4\xb8") == "\\xe4\\xb8");          // cut short
    CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");          // overlong
    CHECK(printable("\xe0\x80\xaf") == "\\xe0\\x80\\xaf"); // overlong
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80"); // a surrogate
    CHECK(printable("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
  }

  TEST_CASE("text is cut to the columns that it has, wide characters counted as two") {
    CHECK(fitted("abcdef", 6) == "abcdef");
    CHECK(fitted("abcdef", 4) == "abc…");
    CHECK(fitted("世界世界", 5) == "世界…");
    CHECK(fitted("世界世界", 4) == "世…");
    CHECK(fitted("abc", 0).empty());
  }

  TEST_CASE("the text aligns its columns") {
    summary s;
    for (int i = 0; i < 1500; ++i)
      s.add(request("/a", 200, 1'000'000));
    s.add(request("/b", 404, 0));

    const auto text = text_of(s);

    CHECK(contains(text, "  1,500   99.93%  1.40 GiB  200\n"));
    CHECK(contains(text, "      1    0.07%       0 B  404\n"));
    CHECK_FALSE(contains(text, "█"));
  }

  TEST_CASE("bars are drawn on a wide terminal only, and no line is wider than it") {
    summary s;
    s.add(request("/" + std::string(400, 'x'), 200, 5));

    for (const std::size_t columns : {70, 80, 99, 100, 200}) {
      const auto text = text_of(s, {.columns = columns});
      CHECK(contains(text, "█") == (columns >= 100));
      std::istringstream lines{text};
      for (std::string line; std::getline(lines, line);)
        CHECK(display_width(line) <= columns);
    }
    CHECK(contains(text_of(s), std::string(400, 'x'))); // into a file goes all of it
  }

  TEST_CASE("the number of rows is that asked for, and the text says of how many") {
    summary s;
    for (int i = 0; i < 50; ++i)
      s.add(request("/" + std::to_string(i), 200, 1));

    CHECK(json_of(s, {.top = 7})["paths"]["rows"].size() == 7);
    CHECK(json_of(s, {.top = 7})["paths"]["distinct"] == 50);
    CHECK(json_of(s, {.top = 500})["paths"]["rows"].size() == 50);
    CHECK(contains(text_of(s, {.top = 7}), "Paths (the top 7 of 50)\n"));
  }

  TEST_CASE("JSON holds every figure") {
    summary s;
    s.add(request("/a", 200, 10));
    s.add(request("/a", 404, 5));
    s.add_failed("the line is empty", 2);
    s.add_outside();
    s.add_skipped();

    const auto json = json_of(s, {.inputs = {"x.log"}});

    const auto& general = json["general"];
    CHECK(general["inputs"] == nlohmann::json{"x.log"});
    CHECK(general["complete"] == true);
    CHECK(general["lines"] == 6);
    CHECK(general["skipped_lines"] == 1);
    CHECK(general["format"] == "common");
    CHECK(general["requests"] == 2);
    CHECK(general["failed_lines"] == 2);
    CHECK(general["outside_range"] == 1);
    CHECK(general["unique_visitors"] == 1);
    CHECK(general["bytes"] == 15);
    CHECK(general["first"] == "1970-01-01T00:00:00Z");
    CHECK(json["status_codes"]["rows"][1]
          == nlohmann::json{{"key", "404"}, {"hits", 1}, {"bytes", 5}});
    CHECK(json["not_found"]["rows"].size() == 1);
    CHECK(json["hours"]["rows"].size() == 24);
    CHECK(json["failed"]["rows"][0]["hits"] == 2);
    for (const auto* table : {"methods", "dates", "paths", "hosts", "referrers", "agents"})
      CHECK(json[table]["exact"] == true);
  }

  TEST_CASE("JSON is valid whatever bytes the keys are of") {
    summary s;
    for (int byte = 0; byte < 256; ++byte)
      s.add(request("/\"\\" + std::string(1, static_cast<char>(byte)), 200, 1));

    const auto json = json_of(s, {.inputs = {"a\xff.log"}, .top = 1000});

    CHECK(json["paths"]["rows"].size() == 256);
    CHECK(json["general"]["inputs"][0] == "a\\xff.log");
  }

  TEST_CASE("CSV quotes commas and quotes, and is read back as it was") {
    summary s;
    s.add(request("/a,b", 200, 3));
    s.add(request("/\"q\"", 200, 4));

    const auto csv = csv_of(s);

    CHECK(contains(csv, "paths,\"/a,b\",1,3\n"));
    CHECK(contains(csv, "paths,\"/\"\"q\"\"\",1,4\n"));
    const auto rows = read_csv(csv);
    CHECK(rows[0] == std::vector<std::string>{"table", "key", "hits", "bytes"});
    CHECK(rows[1] == std::vector<std::string>{"general", "requests", "2", "7"});
    for (const auto& row : rows)
      CHECK(row.size() == 4);
  }

  TEST_CASE("for spreadsheets no cell begins as a formula does") {
    summary s;
    for (const auto* path : {"=1+1", "+1", "-1", "@SUM(1)", "\"=quoted", "/fine"})
      s.add(request(path, 200, 1));

    const auto rows = read_csv(csv_of(s, {.top = 100, .csv_safe = true}));
    for (const auto& row : rows)
      for (const auto& cell : row)
        CHECK((cell.empty() || std::string_view{"=+-@"}.find(cell[0]) == std::string_view::npos));
    CHECK(contains(csv_of(s, {.csv_safe = true}), "paths,'=1+1,1,1\n"));
    CHECK(contains(csv_of(s), "paths,=1+1,1,1\n"));
  }

  TEST_CASE("in a page the log is text, whatever it says") {
    summary s;
    const std::string hostile = "/<script>alert('x')</script>\"&\x1b[2J\xff";
    auto e = request(hostile, 404, 1);
    e.agent = e.referrer = e.vhost = hostile;
    s.add(e);
    std::ostringstream out;
    write_html(out, s, {.inputs = {"<a>&.log"}});
    const auto page = out.str();

    CHECK(contains(page, "/&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\\x1b[2J"));
    CHECK(contains(page, "&lt;a&gt;&amp;.log"));
    CHECK_FALSE(contains(page, "<script"));
    CHECK_FALSE(contains(page, "\x1b"));
    // Every tag is closed, and none but the page's own is there.
    std::vector<std::string> open;
    for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
      const auto name_end = page.find_first_of(" >\n", at);
      const auto name = page.substr(at + 1, name_end - at - 1);
      if (name == "!DOCTYPE" || name == "meta")
        continue;
      if (!name.starts_with('/')) {
        open.push_back(name);
        continue;
      }
      REQUIRE_FALSE(open.empty());
      CHECK(open.back() == name.substr(1));
      open.pop_back();
    }
    CHECK(open.empty());
  }

  TEST_CASE("statuses that were not sent have rows of their own") {
    summary s;
    for (const auto status : std::vector<std::uint16_t>{200, 0, 600})
      s.add(request("/", status, 1));

    const auto rows = json_of(s)["status_codes"]["rows"];
    REQUIRE(rows.size() == 3);
    CHECK(rows[0]["key"] == "000");
    CHECK(rows[1]["key"] == "200");
    CHECK(rows[2]["key"] == "-");
  }

  TEST_CASE("where the log says how long requests took, the slowest paths are a table") {
    summary s;
    for (int i = 1; i <= 100; ++i) {
      auto e = request(i == 100 ? "/slow" : "/quick", 200, 1);
      e.served_us = i == 100 ? 2'000'000 : 1000;
      s.add(e);
    }

    const auto json = json_of(s);
    CHECK(json["slowest_paths"]["rows"][0]
          == nlohmann::json{{"key", "/slow"}, {"hits", 1}, {"mean_us", 2'000'000}});
    CHECK(json["general"]["served_us"]["requests"] == 100);
    CHECK(json["general"]["served_us"]["p50"] >= 1000);
    CHECK(json["general"]["served_us"]["p50"] <= 1070);
    CHECK(json["general"]["served_us"]["max"] == 2'000'000);
    CHECK(contains(text_of(s), "2.0 s  /slow\n"));
    CHECK_FALSE(json_of({})["general"].contains("served_us"));
  }

  TEST_CASE("virtual hosts are a table where there are some") {
    summary s;
    s.add(request("/", 200, 1));
    CHECK_FALSE(json_of(s).contains("vhosts"));
    auto e = request("/", 200, 1);
    e.vhost = "www.example.org";
    e.shape = shape::vcombined;
    s.add(e);
    s.add(e);
    CHECK(json_of(s)["vhosts"]["rows"][0]["key"] == "www.example.org");
    CHECK(json_of(s)["general"]["format"] == "vcombined (2), common (1)");
  }

  TEST_CASE("what no longer fitted into a table is reported as other") {
    summary s;
    for (int i = 0; i < 130; ++i) { // 100 methods are kept
      auto e = request("/", 200, 2);
      const auto method = "M" + std::to_string(i);
      e.method = method;
      s.add(e);
    }

    const auto methods = json_of(s)["methods"];
    CHECK(methods["exact"] == false);
    CHECK(methods["other"] == nlohmann::json{{"hits", 50}, {"bytes", 100}}); // twice a quarter
    CHECK(methods["hits_missed_at_most"] == 1);
    CHECK(contains(csv_of(s), "methods,(other),50,100\n"));
    CHECK(contains(text_of(s), "(other: "));
    CHECK(contains(text_of(s),
                   "Methods (the top 10 of more than 100), each with at most 1 hits more\n"));
  }

  TEST_CASE("a key that was cut says so") {
    summary s;
    s.add(request("/" + std::string(1000, 'x'), 200, 2));

    const std::string key = json_of(s)["paths"]["rows"][0]["key"];

    CHECK(key == "/" + std::string(511, 'x') + "…");
  }

  TEST_CASE("an interrupted report says so in each format") {
    summary s;
    s.add(request("/", 200, 2));
    const report_options cut{.complete = false};

    CHECK(contains(text_of(s, cut), "INTERRUPTED"));
    CHECK(json_of(s, cut)["general"]["complete"] == false);
    CHECK(contains(csv_of(s, cut), "general,interrupted,1,0\n"));
    CHECK_FALSE(contains(text_of(s), "INTERRUPTED"));
  }

  TEST_CASE("a report of nothing can be written") {
    const summary s;

    CHECK(contains(text_of(s), "Requests"));
    CHECK(json_of(s)["general"]["first"].is_null());
    CHECK(contains(csv_of(s), "general,requests,0,0\n"));
  }
}
