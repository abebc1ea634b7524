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

constexpr std::uint64_t ns_in_us = 1000;

std::string utc(std::int64_t second) { return time_text(second, 'T') + "Z"; }

json general(const summary& s, const report_options& options) {
  json inputs = json::array();
  for (const auto& name : options.inputs)
    inputs.push_back(printable(name));
  json result{
      {"inputs", std::move(inputs)},
      {"complete", options.complete},
      {"format", format_found(s)},
      {"lines", s.lines()},
      {"requests", s.requests()},
      {"failed_lines", s.failed()},
      {"skipped_lines", s.skipped()},
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
  if (const auto served = s.served(); served.count() > 0)
    result["served_us"] = {{"requests", served.count()},
                           {"p50", served.quantile(0.5) / ns_in_us},
                           {"p99", served.quantile(0.99) / ns_in_us},
                           {"max", served.max() / ns_in_us}};
  return result;
}

json to_json(const section& table) {
  json rows = json::array();
  for (const auto& r : table.rows)
    rows.push_back({{"key", r.key},
                    {"hits", r.count.hits},
                    {table.unit == section_unit::bytes ? "bytes" : "mean_us", r.count.bytes}});
  return {
      {"distinct", table.distinct},
      {"exact", table.other.hits == 0},
      {"hits_missed_at_most", table.missed},
      {"rows", std::move(rows)},
      {"other", {{"hits", table.other.hits}, {"bytes", table.other.bytes}}},
  };
}

/// RFC 4180: in quotes if a comma, quote or line end is in it, quotes doubled. `safe`: what a
/// spreadsheet would take for a formula gets an apostrophe in front.
std::string quoted(std::string_view field, bool safe) {
  constexpr std::string_view formula_marks = "=+-@\t\r";
  const std::string apostrophe
      = safe && !field.empty() && formula_marks.find(field.front()) != std::string_view::npos ? "'"
                                                                                              : "";
  if (field.find_first_of(",\"\r\n") == std::string_view::npos)
    return apostrophe + std::string{field};
  std::string result{'"' + apostrophe};
  for (const char c : field) {
    if (c == '"')
      result += '"';
    result += c;
  }
  return result += '"';
}

class csv_writer {
public:
  csv_writer(std::ostream& out, bool safe) : out_(out), safe_(safe) {}

  void line(std::string_view table, std::string_view key, const counts& c) {
    out_ << table << ',' << quoted(key, safe_) << ',' << c.hits << ',' << c.bytes << '\n';
  }

private:
  std::ostream& out_;
  bool safe_;
};

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
  csv_writer csv{out, options.csv_safe};
  out << "table,key,hits,bytes\n";
  csv.line("general", "requests", {s.requests(), s.bytes()});
  csv.line("general", "failed_lines", {s.failed(), 0});
  csv.line("general", "skipped_lines", {s.skipped(), 0});
  csv.line("general", "outside_range", {s.outside(), 0});
  csv.line("general", s.visitors().complete() ? "unique_visitors" : "unique_visitors_at_least",
           {s.visitors().size(), 0});
  if (!options.complete)
    csv.line("general", "interrupted", {1, 0});
  if (const auto served = s.served(); served.count() > 0) {
    csv.line("served_us", "p50", {served.count(), served.quantile(0.5) / ns_in_us});
    csv.line("served_us", "p99", {served.count(), served.quantile(0.99) / ns_in_us});
  }
  for_each_section(s, options.top, [&csv](const section& table) {
    for (const auto& r : table.rows)
      csv.line(table.id, r.key, r.count);
    if (table.other.hits > 0)
      csv.line(table.id, "(other)", table.other);
  });
}

} // namespace log_analytics
