#include "directives.hpp"

#include "text.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace log_analytics {

namespace {

using named = std::pair<std::string_view, field>;

std::string in_lower_case(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

template <std::size_t N>
field looked_up(const named (&table)[N], std::string_view name) {
  const auto* const at
      = std::find_if(table, table + N, [&](const named& n) { return n.first == name; });
  return at != table + N ? at->second : field::ignored;
}

/// Of a request header.
field header_field(std::string_view name) {
  static constexpr named table[]{
      {"referer", field::referrer},
      {"user-agent", field::agent},
      {"host", field::vhost},
      {"x-forwarded-for", field::forwarded},
  };
  return looked_up(table, in_lower_case(name));
}

/// Of `%{…}t`: a unit, or a pattern of strftime, of which the two usual ones are known.
std::optional<field> time_field(std::string_view pattern) {
  for (const std::string_view moment : {"begin:", "end:"})
    if (pattern.starts_with(moment))
      pattern.remove_prefix(moment.size());
  if (pattern == "sec")
    return field::epoch_s;
  if (pattern == "msec")
    return field::epoch_ms;
  if (pattern == "usec")
    return field::epoch_us;
  if (pattern.starts_with("%Y-%m-%dT%H:%M:%S") || pattern.starts_with("%Y-%m-%d %H:%M:%S")
      || pattern.starts_with("%FT%T"))
    return field::iso_time;
  if (pattern.starts_with("%d/%b/%Y:%H:%M:%S") || pattern.starts_with("%d/%b/%Y:%T"))
    return field::clf_time;
  return std::nullopt;
}

std::optional<field> served_field(std::string_view unit) {
  if (unit.empty() || unit == "s")
    return field::served_s;
  if (unit == "ms")
    return field::served_ms;
  if (unit == "us")
    return field::served_us;
  return std::nullopt;
}

} // namespace

std::optional<field> apache_field(char letter, std::string_view name) {
  static constexpr named table[]{
      {"v", field::vhost}, {"V", field::vhost}, {"h", field::host},     {"a", field::host},
      {"l", field::ident}, {"u", field::user},  {"r", field::request},  {"m", field::method},
      {"U", field::path},  {"q", field::query}, {"H", field::protocol}, {"s", field::status},
      {"b", field::bytes}, {"B", field::bytes}, {"O", field::bytes},    {"D", field::served_us},
  };
  if (letter == 'i')
    return header_field(name);
  if (letter == 't')
    return name.empty() ? field::clf_time : time_field(name);
  if (letter == 'T')
    return served_field(name);
  if (letter == 'a' && name == "c") // the peer, not the client behind it
    return field::ignored;
  const auto known = looked_up(table, {&letter, 1});
  constexpr std::string_view of_no_use = "ACIRSLPXefknop^";
  if (known == field::ignored && of_no_use.find(letter) == std::string_view::npos)
    return std::nullopt;
  return known;
}

field nginx_field(std::string_view name) {
  static constexpr named table[]{
      {"remote_addr", field::host},
      {"realip_remote_addr", field::ignored},
      {"http_x_forwarded_for", field::forwarded},
      {"proxy_add_x_forwarded_for", field::forwarded},
      {"remote_user", field::user},
      {"time_local", field::clf_time},
      {"time_iso8601", field::iso_time},
      {"msec", field::epoch_s},
      {"request", field::request},
      {"request_method", field::method},
      {"request_uri", field::path},
      {"uri", field::path},
      {"document_uri", field::path},
      {"args", field::query},
      {"query_string", field::query},
      {"server_protocol", field::protocol},
      {"status", field::status},
      {"body_bytes_sent", field::bytes},
      {"bytes_sent", field::bytes},
      {"http_referer", field::referrer},
      {"http_user_agent", field::agent},
      {"host", field::vhost},
      {"http_host", field::vhost},
      {"server_name", field::vhost},
      {"request_time", field::served_s},
  };
  return looked_up(table, name);
}

field w3c_field(std::string_view name) {
  static constexpr named table[]{
      {"date", field::date},
      {"time", field::clock},
      {"c-ip", field::host},
      {"x-forwarded-for", field::forwarded},
      {"cs-username", field::user},
      {"cs-host", field::vhost},
      {"x-host-header", field::vhost},
      {"cs-method", field::method},
      {"cs-uri", field::path},
      {"cs-uri-stem", field::path},
      {"cs-uri-query", field::query},
      {"cs-version", field::protocol},
      {"cs-protocol-version", field::protocol},
      {"sc-status", field::status},
      {"sc-bytes", field::bytes},
      {"bytes", field::bytes},
      {"time-taken", field::served_w3c},
  };
  const auto lower = in_lower_case(name);
  constexpr std::string_view header = "cs(";
  if (lower.starts_with(header) && lower.ends_with(')'))
    return header_field(lower.substr(header.size(), lower.size() - header.size() - 1));
  return looked_up(table, lower);
}

} // namespace log_analytics
