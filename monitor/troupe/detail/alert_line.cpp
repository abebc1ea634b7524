#include <troupe/detail/alert_line.hpp>

#include <nlohmann/json.hpp>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/metric_text.hpp>
#include <troupe/text/utc_time.hpp>

namespace troupe::detail {

namespace {

using json = nlohmann::ordered_json;

void add_texts(json& line, std::initializer_list<std::pair<const char*, const std::string&>> all) {
  for (const auto& [key, text] : all)
    if (!text.empty())
      line[key] = text;
}

} // namespace

std::chrono::system_clock::time_point wall_time(time_point t, time_point now,
                                                std::chrono::system_clock::time_point wall) {
  using wall_duration = std::chrono::system_clock::duration;
  const auto behind = t < now ? elapsed(t, now) : -elapsed(now, t);
  return wall - std::chrono::duration_cast<wall_duration>(behind);
}

std::string alert_line(const alert& a, std::chrono::system_clock::time_point at) {
  using std::chrono::duration_cast;
  json line{
      {"time", utc_text(at)}, {"state", to_string(a.state)}, {"severity", to_string(a.level)}};
  add_texts(line, {{"run", a.run}, {"stage", a.stage}});
  line["rule"] = a.rule;
  line["metric"] = to_string(a.metric);
  line["comparison"] = symbol(a.side);
  line["value"] = a.value; // null where it is no number
  line["limit"] = a.limit;
  const auto lasted = duration_cast<std::chrono::system_clock::duration>(a.lasted());
  line["since"] = utc_text(at - lasted);
  line["lasted_s"] = std::chrono::duration<double>(a.lasted()).count();
  line["monotonic_ns"] = duration_cast<std::chrono::nanoseconds>(a.at.time_since_epoch()).count();
  add_texts(
      line,
      {{"reason", a.reason}, {"root", a.root}, {"summary", a.summary}, {"runbook", a.runbook}});
  line["text"] = to_string(a);
  // Each byte that is no part of a character becomes U+FFFD.
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace troupe::detail
