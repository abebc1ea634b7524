#include "section.hpp"

#include "text.hpp"

namespace log_analytics {

namespace {

section ranked(std::string_view id, std::string_view title, const top_table& table,
               std::size_t top) {
  section result{id, title, {}, table.size(), table.other()};
  for (const auto& r : table.top(top))
    result.rows.push_back({printable(r.key) + (r.cut ? "…" : ""), r.count});
  return result;
}

section statuses(const summary& s) {
  section result{"status_codes", "Status codes", {}, 0, {}};
  for (std::size_t code = 0; code < s.statuses().size(); ++code)
    if (const auto& count = s.statuses()[code]; count.hits > 0)
      result.rows.push_back({std::to_string(code), count});
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

} // namespace

void for_each_section(const summary& s, std::size_t top,
                      const std::function<void(section table)>& use) {
  use(statuses(s));
  use(ranked("methods", "Methods", s.methods(), top));
  use(dates(s));
  use(hours(s));
  use(ranked("paths", "Paths", s.paths(), top));
  use(ranked("not_found", "Not found (404)", s.not_found(), top));
  use(ranked("hosts", "Hosts", s.hosts(), top));
  use(ranked("referrers", "Referrers", s.referrers(), top));
  use(ranked("agents", "Agents", s.agents(), top));
  use(ranked("failed", "Failed lines, by reason", s.reasons(), top));
}

} // namespace log_analytics
