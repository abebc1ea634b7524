// The report for a browser: one file, which needs no script and nothing from elsewhere.

#include "report.hpp"

#include "section.hpp"
#include "text.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

namespace log_analytics {

namespace {

constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Access log report</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: right; padding: 2px 10px; border-bottom: 1px solid #ddd; white-space: nowrap }
th:last-child, td:last-child { text-align: left; white-space: normal; word-break: break-all; width: 70% }
h2 { margin: 1.6em 0 .4em; font-size: 1.1em }
dl { display: grid; grid-template-columns: max-content auto; gap: 2px 1em }
dd { margin: 0 }
svg { width: 100%; height: 120px }
rect { fill: #4a7ab5 }
.note { color: #777 }
</style></head><body>
)";

/// What a log holds, so that nothing of it is markup.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text)
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    case '\'':
      result += "&#39;";
      break;
    default:
      result += c;
    }
  return result;
}

void write_figure(std::ostream& out, std::string_view name, const std::string& figure) {
  out << "<dt>" << name << "</dt><dd>" << escaped(figure) << "</dd>\n";
}

void write_overview(std::ostream& out, const summary& s, const report_options& options) {
  out << "<h1>Access log report</h1>\n<dl>\n";
  for (const auto& name : options.inputs)
    write_figure(out, "Input", printable(name));
  if (!options.complete)
    write_figure(out, "Interrupted", "these are the figures of the lines read so far");
  if (s.requests() > 0)
    write_figure(out, "Time",
                 time_text(s.first_second()) + " to " + time_text(s.last_second()) + " UTC");
  write_figure(out, "Format", format_found(s));
  write_figure(out, "Requests", with_separators(s.requests()));
  write_figure(out, "Failed lines", with_separators(s.failed()));
  write_figure(out, "Skipped lines", with_separators(s.skipped()));
  write_figure(out, "Not asked for", with_separators(s.outside()));
  write_figure(out, "Unique visitors",
               (s.visitors().complete() ? "" : "at least ") + with_separators(s.visitors().size()));
  write_figure(out, "Bytes sent", human_bytes(s.bytes()));
  if (const auto served = s.served(); served.count() > 0) {
    write_figure(out, "Time served",
                 "median " + duration_text(served_within(served, 0.5)) + ", p99 "
                     + duration_text(served_within(served, 0.99)));
  }
  out << "</dl>\n";
}

/// A bar for each row, from left to right.
void write_chart(std::ostream& out, const section& table) {
  std::uint64_t most = 1;
  for (const auto& r : table.rows)
    most = std::max(most, r.count.hits);
  constexpr double height = 100;
  out << "<svg viewBox=\"0 0 " << table.rows.size() * 10
      << " 100\" preserveAspectRatio=\"none\" role=\"img\">\n";
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& r = table.rows[i];
    const auto bar = height * static_cast<double>(r.count.hits) / static_cast<double>(most);
    out << "<rect x=\"" << i * 10 + 1 << "\" y=\"" << height - bar << "\" width=\"8\" height=\""
        << bar << "\"><title>" << escaped(r.key) << ": " << r.count.hits << "</title></rect>\n";
  }
  out << "</svg>\n";
}

void write_row(std::ostream& out, const section_row& r, section_unit unit, std::uint64_t whole) {
  out << "<tr><td>" << with_separators(r.count.hits) << "</td><td>" << percent(r.count.hits, whole)
      << "</td><td>" << second_figure(r.count.bytes, unit) << "</td><td>" << escaped(r.key)
      << "</td></tr>\n";
}

void write_table(std::ostream& out, const section& table, std::uint64_t whole) {
  if (table.rows.empty() && table.other.hits == 0)
    return;
  out << "<h2>" << table.title << "</h2>\n";
  if (table.rows.size() < table.distinct)
    out << "<p class=\"note\">The top " << table.rows.size() << " of "
        << (table.other.hits > 0 ? "more than " : "") << with_separators(table.distinct)
        << ".</p>\n";
  if (table.missed > 0)
    out << "<p class=\"note\">Each row may have up to " << with_separators(table.missed)
        << " hits more, which are counted as other.</p>\n";
  if (table.id == "dates" || table.id == "hours")
    write_chart(out, table);
  out << "<table><tr><th>Hits</th><th>Share</th><th>"
      << (table.unit == section_unit::bytes ? "Bytes" : "Mean") << "</th><th></th></tr>\n";
  for (const auto& r : table.rows)
    write_row(out, r, table.unit, whole);
  if (table.other.hits > 0)
    write_row(out, {"(other)", table.other}, table.unit, whole);
  out << "</table>\n";
}

} // namespace

void write_html(std::ostream& out, const summary& s, const report_options& options) {
  out << head;
  write_overview(out, s, options);
  for_each_section(s, options.top, [&](const section& table) {
    write_table(out, table, table.id == "failed" ? s.lines() : s.requests());
  });
  out << "</body></html>\n";
}

} // namespace log_analytics
