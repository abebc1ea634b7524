// The report for programs: JSON and CSV.

#include "report.hpp"

#include "section.hpp"
#include "text.hpp"

#include <ostream>
#include <string_view>

#include <nlohmann/json.hpp>

namespace log_analytics {

namespace {

using json = nlohmann::ordered_json;

std::string utc(std::int64_t second) { return time_text(second, 'T') + "Z"; }

json general(const summary& s, const report_options& options) {
  json inputs = json::array();
  for (const auto& name : options.inputs)
    inputs.push_back(printable(name));
  json result{
      {"inputs", std::move(inputs)},
      {"complete", options.complete},
      {"lines", s.lines()},
      {"requests", s.requests()},
      {"failed_lines", s.failed()},
      {"outside_range", s.outside()},
      {"unique_visitors", s.visitors().size()},
      {"unique_visitors_exact", s.visitors().complete()},
      {"bytes", s.bytes()},
      {"first", nullptr},
      {"last", nullptr},
  };
  if (s.requests() > 0) {
    result["first"] = utc(s.first_second());
    result["last"] = utc(s.last_second());
  }
  return result;
}

json to_json(const section& table) {
  json rows = json::array();
  for (const auto& r : table.rows)
    rows.push_back({{"key", r.key}, {"hits", r.count.hits}, {"bytes", r.count.bytes}});
  return {
      {"distinct", table.distinct},
      {"exact", table.other.hits == 0},
      {"rows", std::move(rows)},
      {"other", {{"hits", table.other.hits}, {"bytes", table.other.bytes}}},
  };
}

/// RFC 4180: in quotes if a comma, quote or line end is in it, quotes doubled.
std::string quoted(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos)
    return std::string{field};
  std::string result{"\""};
  for (const char c : field) {
    if (c == '"')
      result += '"';
    result += c;
  }
  return result += '"';
}

void csv_line(std::ostream& out, std::string_view table, std::string_view key, const counts& c) {
  out << table << ',' << quoted(key) << ',' << c.hits << ',' << c.bytes << '\n';
}

} // namespace

// Written table by table: as one document, tables of 10,000 rows would take more memory than the
// rest.
void write_json(std::ostream& out, const summary& s, const report_options& options) {
  const auto indented = [](const json& value) {
    std::string text;
    for (const char c : value.dump(2))
      (text += c).append(c == '\n' ? 2 : 0, ' ');
    return text;
  };
  out << "{\n  \"general\": " << indented(general(s, options));
  for_each_section(s, options.top, [&](const section& table) {
    out << ",\n  \"" << table.id << "\": " << indented(to_json(table));
  });
  out << "\n}\n";
}

void write_csv(std::ostream& out, const summary& s, const report_options& options) {
  out << "table,key,hits,bytes\n";
  csv_line(out, "general", "requests", {s.requests(), s.bytes()});
  csv_line(out, "general", "failed_lines", {s.failed(), 0});
  csv_line(out, "general", "outside_range", {s.outside(), 0});
  csv_line(out, "general", s.visitors().complete() ? "unique_visitors" : "unique_visitors_at_least",
           {s.visitors().size(), 0});
  if (!options.complete)
    csv_line(out, "general", "interrupted", {1, 0});
  for_each_section(s, options.top, [&out](const section& table) {
    for (const auto& r : table.rows)
      csv_line(out, table.id, r.key, r.count);
    if (table.other.hits > 0)
      csv_line(out, table.id, "(other)", table.other);
  });
}

} // namespace log_analytics
