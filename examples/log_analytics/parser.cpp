#include "parser.hpp"

#include "address.hpp"
#include "cursor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>

namespace log_analytics {

namespace {

constexpr std::string_view absent = "-";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int two_digits(const char* p) {
  return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

std::string_view or_absent(std::string_view text) { return text.empty() ? absent : text; }

constexpr std::uint32_t lower_case_key(const char* p) {
  std::uint32_t key = 0;
  for (int i = 0; i < 3; ++i)
    key = key << 8 | static_cast<std::uint32_t>(static_cast<unsigned char>(p[i]) | 0x20);
  return key;
}

constexpr auto month_keys = [] {
  constexpr std::string_view names = "janfebmaraprmayjunjulaugsepoctnovdec";
  std::array<std::uint32_t, 12> keys{};
  for (std::size_t i = 0; i < keys.size(); ++i)
    keys[i] = lower_case_key(names.data() + 3 * i);
  return keys;
}();

/// The number of a month from its three letters, in any case; 13, which is no month, for others.
unsigned month_of(const char* p) {
  const auto at = std::find(month_keys.begin(), month_keys.end(), lower_case_key(p));
  return static_cast<unsigned>(at - month_keys.begin()) + 1;
}

/// Seconds east of UTC of a zone such as "+0200"; 0 for what is none, as GoAccess skips it.
std::int64_t zone_offset(std::string_view zone) {
  if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-'))
    return 0;
  const int hours = two_digits(zone.data() + 1);
  const int minutes = two_digits(zone.data() + 3);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return 0;
  const std::int64_t seconds = std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

std::optional<rejection> read_date(const char* p, entry& out) {
  const int day = two_digits(p);
  const int century = two_digits(p + 7);
  const int year = two_digits(p + 9);
  if (p[2] != '/' || p[6] != '/' || day < 0 || century < 0 || year < 0)
    return rejection::bad_date;
  const std::chrono::year_month_day date{std::chrono::year{century * 100 + year},
                                         std::chrono::month{month_of(p + 3)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return rejection::bad_date;
  out.local_day = static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
  return std::nullopt;
}

/// Reads "[17/May/2015:10:05:03 +0200]" into the times of `out`.
std::optional<rejection> read_time(cursor& in, entry& out) {
  constexpr std::size_t date_length = 11;
  constexpr std::size_t length = 20;
  const auto field = in.until(']');
  if (!field)
    return rejection::no_time;
  if (field->size() < length)
    return field->size() < date_length ? rejection::bad_date : rejection::bad_time;
  const char* p = field->data();
  if (auto why = read_date(p, out))
    return why;
  const int hour = two_digits(p + 12);
  const int minute = two_digits(p + 15);
  const int second = two_digits(p + 18);
  if (p[11] != ':' || p[14] != ':' || p[17] != ':' || hour < 0 || hour > 23 || minute < 0
      || minute > 59 || second < 0 || second > 60 /* a leap second */)
    return rejection::bad_time;
  // "10:05:033" is no time; a zone, or whatever stands in its place, follows a space.
  if (field->size() > length && p[length] != ' ')
    return rejection::bad_time;
  const auto zone = field->substr(std::min(length + 1, field->size()));
  out.local_hour = static_cast<std::uint8_t>(hour);
  out.utc_second = std::int64_t{out.local_day} * 86400 + std::int64_t{hour} * 3600
                   + std::int64_t{minute} * 60 + second - zone_offset(zone);
  return std::nullopt;
}

/// True for the characters of which a method may consist (RFC 9110, less the quotes and marks that
/// no method uses).
constexpr bool is_method_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

/// Splits "GET /path HTTP/1.1". What has no method, such as the first bytes of a TLS handshake, is
/// a path altogether: so it shows up in the report.
void read_request(std::string_view request, entry& out) {
  constexpr std::size_t longest_method = 24;
  out.method = absent;
  out.protocol = absent;
  out.path = or_absent(request);
  std::size_t length = 0;
  while (length < request.size() && length <= longest_method && is_method_char(request[length]))
    ++length;
  if (length == 0 || length > longest_method || length == request.size() || request[length] != ' ')
    return;
  out.method = request.substr(0, length);
  auto target = request.substr(length + 1);
  const auto last = target.rfind(' ');
  const auto end = last == std::string_view::npos ? std::string_view{} : target.substr(last + 1);
  if (end.starts_with("HTTP/")) {
    out.protocol = end;
    target = target.substr(0, last);
  } else if (target.starts_with("HTTP/") && last == std::string_view::npos) {
    out.protocol = target;
    target = {};
  }
  out.path = or_absent(target);
}

/// The bytes sent, which end with a space or the line. What is no number counts as 0.
std::uint64_t read_bytes(cursor& in) {
  std::uint64_t value = 0;
  const auto rest = in.rest();
  std::size_t length = 0;
  bool fits = true;
  for (; length < rest.size() && is_digit(rest[length]); ++length) {
    fits = fits && value <= (std::numeric_limits<std::uint64_t>::max() - 9) / 10;
    value = value * 10 + static_cast<std::uint64_t>(rest[length] - '0');
  }
  if (length == rest.size() || rest[length] == ' ') {
    in.skip(length);
    return fits ? value : 0;
  }
  if (!in.until(' '))
    in.skip(rest.size());
  return 0;
}

/// The next quoted field, or "-". Both the separator and the opening quote are skipped unseen; if
/// the closing quote is missing, the line ends the field.
std::string_view read_quoted(cursor& in, std::size_t separator) {
  in.skip(separator);
  const bool quoted = in.rest().starts_with('"');
  in.skip(1);
  if (auto text = in.until_quote())
    return or_absent(*text);
  return quoted ? or_absent(in.take(in.rest().size())) : absent;
}

/// The host, and what identd and authentication said, up to the time's bracket.
std::optional<rejection> read_client(cursor& in, entry& out) {
  const bool bracketed = in.rest().starts_with('[');
  if (bracketed)
    in.skip(1);
  const auto host = in.until(bracketed ? ']' : ' ');
  if (!host || host->empty())
    return rejection::no_host;
  if (!is_host(*host))
    return rejection::bad_host;
  out.host = *host;
  if (bracketed)
    in.skip(1);
  auto names = in.until('[');
  if (!names)
    return rejection::no_time;
  const auto trimmed = [](std::string_view text) {
    while (text.starts_with(' '))
      text.remove_prefix(1);
    while (text.ends_with(' '))
      text.remove_suffix(1);
    return text;
  };
  const auto both = trimmed(*names);
  const auto space = both.find(' ');
  out.ident = or_absent(both.substr(0, space));
  out.user = space == std::string_view::npos ? absent : or_absent(trimmed(both.substr(space)));
  in.skip(1);
  return std::nullopt;
}

std::optional<rejection> read_status(cursor& in, entry& out) {
  const auto status = in.rest().substr(0, 4);
  if (status.size() < 3 || !is_digit(status[0]) || two_digits(status.data() + 1) < 0)
    return rejection::bad_status;
  const int code = (status[0] - '0') * 100 + two_digits(status.data() + 1);
  if (code < 100 || code > 599 || (status.size() == 4 && status[3] != ' '))
    return rejection::bad_status;
  out.status = static_cast<std::uint16_t>(code);
  in.skip(4);
  return in.done() ? std::optional{rejection::no_bytes} : std::nullopt;
}

} // namespace

std::string_view to_string(rejection why) {
  static constexpr std::array<std::string_view, rejection_count> texts{
      "the line is empty",
      "the line is a comment",
      "the line does not start with a host",
      "the host is neither an address nor a name",
      "there is no [time]",
      "the date is not dd/Mon/yyyy",
      "the time is not hh:mm:ss",
      "there is no \"request\"",
      "the status is not 100 to 599",
      "there is no number of bytes",
  };
  const auto index = static_cast<std::size_t>(why);
  return index < texts.size() ? texts[index] : "unknown";
}

tl::expected<entry, rejection> parse(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.empty())
    return tl::unexpected{rejection::empty_line};
  if (line.front() == '#')
    return tl::unexpected{rejection::comment};
  tl::expected<entry, rejection> result;
  entry& out = *result;
  cursor in{line};
  if (auto why = read_client(in, out))
    return tl::unexpected{*why};
  if (auto why = read_time(in, out))
    return tl::unexpected{*why};
  in.skip(3); // "] \""
  const auto request = in.until_quote();
  if (!request)
    return tl::unexpected{rejection::no_request};
  read_request(*request, out);
  in.skip(2); // "\" "
  if (auto why = read_status(in, out))
    return tl::unexpected{*why};
  out.bytes = read_bytes(in);
  out.referrer = in.done() ? absent : read_quoted(in, 1);
  out.agent = in.done() ? absent : read_quoted(in, 2);
  return result;
}

} // namespace log_analytics
