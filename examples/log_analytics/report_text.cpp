// The report for a person.

#include "report.hpp"

#include "section.hpp"
#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

namespace log_analytics {

namespace {

constexpr std::size_t bar_columns = 20;
constexpr std::size_t columns_for_bars = 100;
constexpr std::size_t least_key_columns = 20;
constexpr std::size_t most_dates_shown = 31;

std::string right(const std::string& text, std::size_t columns) {
  const auto width = display_width(text);
  return width < columns ? std::string(columns - width, ' ') + text : text;
}

/// The columns of one table, as wide as its widest cell.
struct layout {
  std::size_t hits = 4;
  std::size_t share = 7;
  std::size_t bytes = 8;
  std::size_t bar = 0;
  std::size_t key = 0; // 0: as long as it is

  std::size_t left_of_key() const { return 2 + hits + 2 + share + 2 + bytes + 2; }
};

layout layout_of(const section& table, std::size_t columns) {
  layout result;
  for (const auto& r : table.rows) {
    result.hits = std::max(result.hits, with_separators(r.count.hits).size());
    result.bytes = std::max(result.bytes, second_figure(r.count.bytes, table.unit).size());
  }
  result.hits = std::max(result.hits, with_separators(table.other.hits).size());
  if (columns == 0)
    return result;
  result.bar = columns >= columns_for_bars ? bar_columns : 0;
  const auto before = result.left_of_key() + (result.bar > 0 ? result.bar + 2 : 0);
  result.key = std::max(least_key_columns, columns - std::min(columns, before));
  return result;
}

void write_row(std::ostream& out, const layout& l, const section_row& r, section_unit unit,
               std::uint64_t whole, std::uint64_t most) {
  out << "  " << right(with_separators(r.count.hits), l.hits) << "  "
      << right(percent(r.count.hits, whole), l.share) << "  "
      << right(second_figure(r.count.bytes, unit), l.bytes) << "  ";
  if (l.bar > 0) {
    const auto of = static_cast<double>(std::max<std::uint64_t>(most, 1));
    out << bar(static_cast<double>(r.count.hits) / of, l.bar) << "  ";
  }
  out << (l.key > 0 ? fitted(r.key, l.key) : r.key) << '\n';
}

/// Of many dates the last ones are what a person asks for; JSON and CSV have them all.
void shorten_dates(section& table) {
  if (table.id != "dates" || table.rows.size() <= most_dates_shown)
    return;
  const auto surplus = static_cast<std::ptrdiff_t>(table.rows.size() - most_dates_shown);
  table.rows.erase(table.rows.begin(), table.rows.begin() + surplus);
}

void write_table(std::ostream& out, section table, std::uint64_t whole, std::size_t columns) {
  if (table.rows.empty() && table.other.hits == 0)
    return;
  shorten_dates(table);
  out << '\n' << table.title;
  if (table.rows.size() < table.distinct)
    out << (table.id == "dates" ? " (the last " : " (the top ")
        << with_separators(table.rows.size()) << " of "
        << (table.other.hits > 0 ? "more than " : "") << with_separators(table.distinct) << ')';
  if (table.missed > 0)
    out << ", each with at most " << with_separators(table.missed) << " hits more";
  out << '\n';
  const auto l = layout_of(table, columns);
  out << "  " << right("Hits", l.hits) << "  " << right("Share", l.share) << "  "
      << right(table.unit == section_unit::bytes ? "Bytes" : "Mean", l.bytes) << '\n';
  std::uint64_t most = 0;
  for (const auto& r : table.rows)
    most = std::max(most, r.count.hits);
  for (const auto& r : table.rows)
    write_row(out, l, r, table.unit, whole, most);
  if (table.other.hits > 0)
    write_row(out, l, {"(other: beyond the keys that are kept apart)", table.other}, table.unit,
              whole, most);
}

void write_figure(std::ostream& out, std::string_view name, const std::string& figure,
                  std::string_view remark = {}) {
  constexpr std::size_t name_columns = 18;
  constexpr std::size_t figure_columns = 14;
  out << "  " << name << std::string(name_columns - name.size(), ' ')
      << right(figure, figure_columns) << (remark.empty() ? "" : "  ") << remark << '\n';
}

void write_overview(std::ostream& out, const summary& s, const report_options& options) {
  out << "Access log report\n";
  for (const auto& name : options.inputs)
    out << "  " << printable(name) << '\n';
  if (s.requests() > 0)
    out << "  " << time_text(s.first_second()) << " to " << time_text(s.last_second()) << " UTC\n";
  if (s.requests() > 0)
    out << "  Format: " << format_found(s) << '\n';
  if (!options.complete)
    out << "  INTERRUPTED: these are the figures of the lines read so far\n";
  out << '\n';
  write_figure(out, "Requests", with_separators(s.requests()));
  write_figure(out, "Failed lines", with_separators(s.failed()),
               s.failed() > 0 ? "not in the log format" : "");
  if (s.skipped() > 0)
    write_figure(out, "Skipped lines", with_separators(s.skipped()), "blank, or a comment");
  if (s.outside() > 0)
    write_figure(out, "Not asked for", with_separators(s.outside()),
                 "by --since, --until or --filter");
  write_figure(out, "Unique visitors",
               (s.visitors().complete() ? "" : ">= ") + with_separators(s.visitors().size()),
               "distinct host, agent and day");
  if (const auto served = s.served(); served.count() > 0)
    write_figure(out, "Time served", duration_text(served_within(served, 0.5)),
                 "median; p99 " + duration_text(served_within(served, 0.99)) + ", longest "
                     + duration_text(served_within(served, 1)));
  write_figure(out, "Bytes sent", human_bytes(s.bytes()), with_separators(s.bytes()));
  if (const auto seconds = options.elapsed.count(); seconds > 0) {
    const auto rate = static_cast<double>(s.lines()) / seconds;
    const auto hundredths = static_cast<std::uint64_t>(std::llround(seconds * 100));
    const auto digits = std::to_string(hundredths % 100 + 100).substr(1);
    write_figure(out, "Time taken", with_separators(hundredths / 100) + "." + digits + " s",
                 with_separators(static_cast<std::uint64_t>(rate)) + " lines/s");
  }
}

} // namespace

std::chrono::nanoseconds served_within(const troupe::histogram& served, double share) {
  return std::chrono::nanoseconds{static_cast<std::int64_t>(served.quantile(share))};
}

std::string format_found(const summary& s) {
  std::vector<std::pair<std::uint64_t, std::string>> found;
  for (std::size_t i = 0; i < s.shapes().size(); ++i)
    if (s.shapes()[i] > 0)
      found.emplace_back(s.shapes()[i], to_string(static_cast<shape>(i)));
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (const auto& [requests, name] : found)
    text += (text.empty() ? "" : ", ") + name
            + (found.size() > 1 ? " (" + with_separators(requests) + ')' : "");
  return text.empty() ? "none" : text;
}

void write_text(std::ostream& out, const summary& s, const report_options& options) {
  write_overview(out, s, options);
  for_each_section(s, options.top, [&](section table) {
    const auto whole = table.id == "failed" ? s.lines() : s.requests();
    write_table(out, std::move(table), whole, options.columns);
  });
}

} // namespace log_analytics
