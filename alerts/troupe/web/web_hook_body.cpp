#include <troupe/web/web_hook_body.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <nlohmann/json.hpp>

#include <troupe/detail/metric_text.hpp>
#include <troupe/text/utc_time.hpp>

namespace troupe::detail {

namespace {

using json = nlohmann::ordered_json;
using texts = std::map<std::string, std::string>;

void add(texts& to, const char* name, const std::string& value) {
  if (!value.empty()) // to Prometheus an empty label is none
    to[name] = value;
}

// Each byte that is no part of a character becomes U+FFFD.
std::string dumped(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

texts annotations_of(const alert& a) {
  texts all;
  add(all, "description", to_string(a));
  add(all, "summary", a.summary.empty() ? to_string(a) : a.summary);
  add(all, "runbook_url", a.runbook);
  add(all, "root", a.root);
  add(all, "value", format_value(a.metric, a.value, written_digits));
  return all;
}

/// `{alertname="…", run="orders"}`
std::string in_braces(const texts& labels) {
  std::string all;
  for (const auto& [name, value] : labels)
    all += (all.empty() ? "" : ", ") + name + '=' + dumped(value);
  return '{' + all + '}';
}

} // namespace

texts labels_of(const alert& a, const web_hook_frame& frame) {
  auto all = frame.labels;
  add(all, "alertname", a.rule);
  add(all, "metric", std::string{to_string(a.metric)});
  add(all, "run", a.run);
  add(all, "stage", a.stage);
  add(all, "severity", std::string{to_string(a.level)});
  return all;
}

std::string fingerprint_of(const texts& labels) {
  constexpr std::uint64_t offset = 14695981039346656037U;
  constexpr std::uint64_t prime = 1099511628211U;
  std::uint64_t hash = offset;
  const auto add_text = [&](std::string_view text) {
    for (const char c : text)
      hash = (hash ^ static_cast<unsigned char>(c)) * prime;
    hash = (hash ^ 0xffU) * prime;
  };
  for (const auto& [name, value] : labels) {
    add_text(name);
    add_text(value);
  }
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

std::string web_hook_body(const alert& a, std::chrono::system_clock::time_point at,
                          const web_hook_frame& frame) {
  const bool over = a.state == alert_state::resolved;
  const auto* const status = over ? "resolved" : "firing";
  const auto labels = labels_of(a, frame);
  const auto annotations = annotations_of(a);
  const auto lasted = std::chrono::duration_cast<std::chrono::system_clock::duration>(a.lasted());
  const json one{{"status", status},
                 {"labels", labels},
                 {"annotations", annotations},
                 {"startsAt", utc_text(at - lasted)},
                 {"endsAt", over ? utc_text(at) : "0001-01-01T00:00:00Z"}, // as Alertmanager: none
                 {"generatorURL", frame.external_url},
                 {"fingerprint", fingerprint_of(labels)}};
  // A group of one: whoever resolves a group must not resolve what others have raised.
  return dumped({{"version", "4"},
                 {"groupKey", "{}:" + in_braces(labels)},
                 {"truncatedAlerts", 0},
                 {"status", status},
                 {"receiver", frame.receiver},
                 {"groupLabels", labels},
                 {"commonLabels", labels},
                 {"commonAnnotations", annotations},
                 {"externalURL", frame.external_url},
                 {"alerts", json::array({one})}});
}

} // namespace troupe::detail
