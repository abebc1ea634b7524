#include "section.hpp"

#include "families.hpp"
#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <map>

namespace log_analytics {

namespace {

section ranked(std::string_view id, std::string_view title, const top_table& table,
               std::size_t top) {
  section result{id, title, {}, table.size(), table.other(), table.missed()};
  for (const auto& r : table.top(top))
    result.rows.push_back({printable(r.key) + (r.cut ? "…" : ""), r.count});
  return result;
}

section statuses(const summary& s) {
  section result{"status_codes", "Status codes", {}, 0, {}};
  for (std::size_t code = 0; code < s.statuses().size(); ++code)
    if (const auto& count = s.statuses()[code]; count.hits > 0)
      result.rows.push_back({code == entry::no_status ? "-"
                             : code == 0              ? "000"
                                                      : std::to_string(code),
                             count});
  result.distinct = result.rows.size();
  return result;
}

section dates(const summary& s) {
  section result{"dates", "Dates", {}, s.dates().size(), s.other_dates()};
  for (const auto& [day, count] : s.dates())
    result.rows.push_back({date_text(day), count});
  return result;
}

section hours(const summary& s) {
  section result{"hours", "Hours of the day", {}, 0, {}};
  for (std::size_t hour = 0; hour < s.hours().size(); ++hour) {
    const std::string key{static_cast<char>('0' + hour / 10), static_cast<char>('0' + hour % 10)};
    result.rows.push_back({key, s.hours()[hour]});
  }
  result.distinct = result.rows.size();
  return result;
}

/// Rows by name, those of most hits first.
section of_groups(std::string_view id, std::string_view title,
                  const std::map<std::string, counts, std::less<>>& groups, std::size_t top,
                  const counts& other) {
  section result{id, title, {}, groups.size(), other};
  for (const auto& [name, count] : groups)
    result.rows.push_back({printable(name), count});
  std::stable_sort(
      result.rows.begin(), result.rows.end(),
      [](const section_row& a, const section_row& b) { return a.count.hits > b.count.hits; });
  result.rows.resize(std::min(result.rows.size(), top));
  return result;
}

/// What the agents are, and the paths: out of their tables, so that no request is looked at twice.
class families {
public:
  explicit families(const summary& s) : agents_(s.agents()), paths_(s.paths()) {
    for (const auto& r : agents_.top(agents_.size())) {
      const auto family = family_of(r.key);
      clients_[family.crawler ? "crawlers" : "people"].add(r.count);
      if (family.crawler) {
        crawlers_[std::string{family.browser}].add(r.count);
      } else {
        browsers_[std::string{family.browser}].add(r.count);
        systems_[std::string{family.system}].add(r.count);
      }
    }
    for (const auto& r : paths_.top(paths_.size()))
      kinds_[is_static_file(r.key) ? "static files" : "pages"].add(r.count);
  }

  void use(std::size_t top, const std::function<void(section table)>& f) const {
    f(of_groups("kinds", "Pages and static files, by their endings", kinds_, top, paths_.other()));
    f(of_groups("clients", "People and crawlers, by what agents say", clients_, top,
                agents_.other()));
    f(of_groups("browsers", "Browsers", browsers_, top, {}));
    f(of_groups("systems", "Systems", systems_, top, {}));
    f(of_groups("crawlers", "Crawlers", crawlers_, top, {}));
  }

private:
  using groups = std::map<std::string, counts, std::less<>>;

  const top_table& agents_;
  const top_table& paths_;
  groups clients_;
  groups browsers_;
  groups systems_;
  groups crawlers_;
  groups kinds_;
};

/// With what the log does not say in a row of its own.
section vhosts(const summary& s, std::size_t top) {
  auto result = ranked("vhosts", "Virtual hosts", s.vhosts(), top);
  if (s.without_vhost().hits > 0)
    result.rows.push_back({"-", s.without_vhost()});
  return result;
}

/// Those that took longest, on average.
section slowest(const summary& s, std::size_t top) {
  const auto& table = s.served_by_path();
  section result{"slowest_paths", "Slowest paths",           {}, table.size(), table.other(),
                 table.missed(),  section_unit::microseconds};
  auto rows = table.top(table.size());
  for (auto& r : rows)
    r.count.bytes /= std::max<std::uint64_t>(r.count.hits, 1);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const row& a, const row& b) { return a.count.bytes > b.count.bytes; });
  rows.resize(std::min(rows.size(), top));
  for (const auto& r : rows)
    result.rows.push_back({printable(r.key) + (r.cut ? "…" : ""), r.count});
  return result;
}

} // namespace

std::string second_figure(std::uint64_t value, section_unit unit) {
  return unit == section_unit::bytes
             ? human_bytes(value)
             : duration_text(std::chrono::microseconds{static_cast<std::int64_t>(value)});
}

void for_each_section(const summary& s, std::size_t top,
                      const std::function<void(section table)>& use) {
  use(statuses(s));
  if (s.vhosts().size() > 0)
    use(vhosts(s, top));
  use(ranked("methods", "Methods", s.methods(), top));
  use(dates(s));
  use(hours(s));
  use(ranked("paths", "Paths", s.paths(), top));
  use(ranked("not_found", "Not found (404)", s.not_found(), top));
  use(ranked("hosts", "Hosts", s.hosts(), top));
  use(ranked("referrers", "Referrers", s.referrers(), top));
  use(ranked("agents", "Agents", s.agents(), top));
  families{s}.use(top, use);
  if (s.served().count() > 0)
    use(slowest(s, top));
  use(ranked("failed", "Failed lines, by reason", s.reasons(), top));
}

} // namespace log_analytics
