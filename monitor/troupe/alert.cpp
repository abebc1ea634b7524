#include <troupe/alert.hpp>

#include <algorithm>
#include <ostream>

#include <troupe/detail/metric_text.hpp>

namespace troupe {

std::string_view to_string(alert_state state) noexcept {
  return state == alert_state::raised ? "raised" : "resolved";
}

duration alert::lasted() const noexcept { return std::max(duration::zero(), at - since); }

namespace {

// Of a rule with one comparison.
std::string measured(const alert& a) {
  using detail::measured_digits;
  const bool raised = a.state == alert_state::raised;
  auto text = detail::format_subject(a.metric, a.stage);
  text.append(" = ").append(detail::format_value(a.metric, a.value, measured_digits));
  // What is equal to its limit need not be followed by it.
  if (!raised || a.side != comparison::equal) {
    text.append(raised ? " " : ", was ").append(detail::symbol(a.side)).append(" ");
    text.append(detail::format_value(a.metric, a.limit, detail::written_digits));
  }
  return text;
}

} // namespace

std::string to_string(const alert& a) {
  std::string text{a.state == alert_state::raised ? to_string(a.level) : to_string(a.state)};
  if (!a.run.empty() && a.run != a.stage) // that of a service is called like it
    text.append(": ").append(a.run);
  text.append(": ").append(a.measured.empty() ? measured(a) : a.measured);
  // A limit that was passed just now has not lasted.
  if (a.lasted() > duration::zero())
    text.append(" for ").append(detail::format_duration(a.lasted(), detail::measured_digits));
  if (!a.root.empty())
    text.append(", held up by \"").append(a.root).append("\"");
  if (!a.reason.empty())
    text.append(", ").append(a.reason);
  return text;
}

std::ostream& operator<<(std::ostream& out, const alert& a) { return out << to_string(a); }

} // namespace troupe
