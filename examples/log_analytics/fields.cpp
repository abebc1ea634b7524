#include "fields.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <system_error>

namespace log_analytics {

namespace {

constexpr std::string_view absent = "-";
constexpr std::int64_t day_length = 86'400;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int two_digits(const char* p) {
  return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

constexpr std::uint32_t lower_case_key(const char* p) {
  std::uint32_t key = 0;
  for (int i = 0; i < 3; ++i)
    key = key << 8 | static_cast<std::uint32_t>(static_cast<unsigned char>(p[i]) | 0x20);
  return key;
}

constexpr std::array<std::string_view, 12> month_names{
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

constexpr auto month_keys = [] {
  std::array<std::uint32_t, 12> keys{};
  for (std::size_t i = 0; i < keys.size(); ++i)
    keys[i] = lower_case_key(month_names[i].data());
  return keys;
}();

constexpr unsigned no_month = 13;

/// The number of a month from its three letters, in any case.
unsigned month_of(const char* p) {
  const auto at = std::find(month_keys.begin(), month_keys.end(), lower_case_key(p));
  return static_cast<unsigned>(at - month_keys.begin()) + 1;
}

/// The same from its three letters or its whole name.
unsigned month_of(std::string_view name) {
  if (name.size() < 3)
    return no_month;
  const auto month = month_of(name.data());
  const bool known = month < no_month
                     && (name.size() == 3
                         || std::equal(name.begin(), name.end(), month_names[month - 1].begin(),
                                       month_names[month - 1].end(),
                                       [](char a, char b) { return lower(a) == b; }));
  return known ? month : no_month;
}

/// Seconds east of UTC of a zone such as "+0200" or "+02:00"; 0 for what is none, as GoAccess
/// skips it.
std::int64_t zone_offset(std::string_view zone) {
  const bool colon = zone.size() == 6 && zone[3] == ':';
  if ((zone.size() != 5 && !colon) || (zone[0] != '+' && zone[0] != '-'))
    return 0;
  const int hours = two_digits(zone.data() + 1);
  const int minutes = two_digits(zone.data() + (colon ? 4 : 3));
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return 0;
  const std::int64_t seconds = std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

std::optional<rejection> set_day(int year, unsigned month, int day, entry& out) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok())
    return rejection::bad_date;
  out.local_day = static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
  return std::nullopt;
}

/// Reads "10:05:03" behind the day that has been set.
std::optional<rejection> set_clock(const char* p, std::int64_t zone, entry& out) {
  const int hour = two_digits(p);
  const int minute = two_digits(p + 3);
  const int second = two_digits(p + 6);
  if (p[2] != ':' || p[5] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0
      || second > 60 /* a leap second */)
    return rejection::bad_time;
  out.local_hour = static_cast<std::uint8_t>(hour);
  out.local_second = std::int64_t{out.local_day} * day_length + std::int64_t{hour} * 3600
                     + std::int64_t{minute} * 60 + second;
  out.utc_second = out.local_second - zone;
  return std::nullopt;
}

/// Reads "17/May/2015" as servers write it.
std::optional<rejection> read_date(const char* p, entry& out) {
  const int day = two_digits(p);
  const int century = two_digits(p + 7);
  const int year = two_digits(p + 9);
  if (p[2] != '/' || p[6] != '/' || day < 0 || century < 0 || year < 0)
    return rejection::bad_date;
  return set_day(century * 100 + year, month_of(p + 3), day, out);
}

/// The same where the day has one digit or the month its whole name. `text` is what follows it.
std::optional<rejection> read_odd_date(std::string_view& text, entry& out) {
  text = trimmed(text);
  const auto day_end = text.find('/');
  const auto month_end = day_end == std::string_view::npos ? day_end : text.find('/', day_end + 1);
  if (month_end == std::string_view::npos || day_end < 1 || day_end > 2
      || text.size() < month_end + 5)
    return rejection::bad_date;
  const int day = day_end == 2 ? two_digits(text.data()) : (is_digit(text[0]) ? text[0] - '0' : -1);
  const int century = two_digits(text.data() + month_end + 1);
  const int year = two_digits(text.data() + month_end + 3);
  if (day < 0 || century < 0 || year < 0)
    return rejection::bad_date;
  const auto month = month_of(text.substr(day_end + 1, month_end - day_end - 1));
  text.remove_prefix(month_end + 5);
  return set_day(century * 100 + year, month, day, out);
}

/// True for the characters of which a method may consist (RFC 9110, less the quotes and marks that
/// no method uses).
constexpr bool is_method_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

} // namespace

std::string_view or_absent(std::string_view text) { return text.empty() ? absent : text; }

std::string_view without_marks(std::string_view line) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  return line;
}

std::optional<rejection> none_of_a_request(std::string_view line) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  if (line.empty() || (is_space(line.front()) && std::all_of(line.begin(), line.end(), is_space)))
    return rejection::empty_line;
  if (line.front() == '#')
    return rejection::comment;
  return std::nullopt;
}

std::optional<rejection> read_clf_time(std::string_view text, entry& out) {
  constexpr std::size_t date_length = 11;
  constexpr std::size_t clock_length = 9; // with the colon in front
  if (text.size() >= date_length && text[2] == '/' && text[6] == '/' && text[0] != ' ') {
    if (const auto why = read_date(text.data(), out))
      return why;
    text.remove_prefix(date_length);
  } else if (const auto why = read_odd_date(text, out)) {
    return why;
  }
  // "10:05:033" is no time; a zone, or whatever stands in its place, follows a space.
  if (text.size() < clock_length || text[0] != ':'
      || (text.size() > clock_length && text[clock_length] != ' '))
    return rejection::bad_time;
  const auto zone = text.substr(std::min(clock_length + 1, text.size()));
  return set_clock(text.data() + 1, zone_offset(zone), out);
}

std::optional<rejection> read_iso_time(std::string_view text, entry& out) {
  constexpr std::size_t date_length = 10;
  constexpr std::size_t length = 19;
  if (text.size() < length)
    return text.size() < date_length ? rejection::bad_date : rejection::bad_time;
  const int century = two_digits(text.data());
  const int year = two_digits(text.data() + 2);
  const int month = two_digits(text.data() + 5);
  const int day = two_digits(text.data() + 8);
  if (text[4] != '-' || text[7] != '-' || century < 0 || year < 0 || month < 1 || day < 0)
    return rejection::bad_date;
  if (const auto why = set_day(century * 100 + year, static_cast<unsigned>(month), day, out))
    return why;
  if (text[date_length] != 'T' && text[date_length] != ' ')
    return rejection::bad_time;
  auto zone = text.substr(length);
  if (zone.starts_with('.') || zone.starts_with(','))
    zone.remove_prefix(std::min(zone.find_first_not_of("0123456789", 1), zone.size()));
  return set_clock(text.data() + date_length + 1, zone_offset(trimmed(zone)), out);
}

std::optional<rejection> read_date_and_clock(std::string_view date, std::string_view clock,
                                             entry& out) {
  constexpr std::size_t date_length = 10;
  constexpr std::size_t clock_length = 8;
  std::array<char, date_length + 1 + clock_length> both{};
  if (date.size() != date_length)
    return rejection::bad_date;
  if (clock.size() < clock_length)
    return rejection::bad_time;
  std::copy(date.begin(), date.end(), both.begin());
  both[date_length] = ' ';
  std::copy_n(clock.begin(), clock_length, both.begin() + date_length + 1);
  return read_iso_time({both.data(), both.size()}, out);
}

std::optional<rejection> read_epoch(std::string_view text, std::int64_t per_second, entry& out) {
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, value);
  constexpr std::int64_t last_second = 253'402'300'799; // of the year 9999
  if (failure != std::errc{} || (at != end && *at != '.') || value < 0
      || value / per_second > last_second)
    return rejection::bad_time;
  out.utc_second = out.local_second = value / per_second;
  out.local_day = static_cast<std::int32_t>(out.utc_second / day_length);
  out.local_hour = static_cast<std::uint8_t>(out.utc_second % day_length / 3600);
  return std::nullopt;
}

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

std::optional<rejection> read_status(std::string_view text, entry& out) {
  if (text == absent) {
    out.status = entry::no_status;
    return std::nullopt;
  }
  if (text.size() != 3 || !is_digit(text[0]) || two_digits(text.data() + 1) < 0)
    return rejection::bad_status;
  const int code = (text[0] - '0') * 100 + two_digits(text.data() + 1);
  if (code != 0 && (code < 100 || code >= entry::no_status))
    return rejection::bad_status;
  out.status = static_cast<std::uint16_t>(code);
  return std::nullopt;
}

std::uint64_t read_bytes(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c) || value > (std::numeric_limits<std::uint64_t>::max() - 9) / 10)
      return 0;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

std::int64_t read_served(std::string_view text, std::int64_t microseconds) {
  double value = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  constexpr double longest = 1e15; // thirty years
  const double result = value * static_cast<double>(microseconds);
  if (failure != std::errc{} || at != end || !(result >= 0 && result <= longest))
    return entry::not_timed;
  return std::llround(result);
}

} // namespace log_analytics
