#include "moment.hpp"

#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

namespace log_analytics {

namespace {

/// For at most four digits.
std::optional<int> number(std::string_view digits) {
  const auto value = whole_number(digits);
  return value ? std::optional{static_cast<int>(*value)} : std::nullopt;
}

/// "+02:00", "-0530", "Z" or nothing as seconds east of UTC.
std::optional<std::int64_t> zone_seconds(std::string_view zone) {
  if (zone.empty() || zone == "Z" || zone == "z")
    return 0;
  const bool colon = zone.size() == 6 && zone[3] == ':';
  if ((zone.size() != 5 && !colon) || (zone[0] != '+' && zone[0] != '-'))
    return std::nullopt;
  const auto hours = number(zone.substr(1, 2));
  const auto minutes = number(zone.substr(colon ? 4 : 3, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59)
    return std::nullopt;
  const std::int64_t seconds = std::int64_t{*hours} * 3600 + std::int64_t{*minutes} * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

/// "10:05" or "10:05:03" as a moment of the first day.
std::optional<moment> clock_time(std::string_view text) {
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':')
    return std::nullopt;
  const auto hour = number(text.substr(0, 2));
  const auto minute = number(text.substr(3, 2));
  const bool with_second = text.size() == 8;
  const auto second = with_second ? number(text.substr(6)) : 0;
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59
      || (with_second && text[5] != ':'))
    return std::nullopt;
  return moment{.second = std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60 + *second,
                .length = with_second ? 1 : 60};
}

} // namespace

std::optional<moment> parse_moment(std::string_view text) {
  constexpr std::size_t date_length = 10;
  if (text.size() < date_length || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok())
    return std::nullopt;
  constexpr std::int64_t day_length = 86400;
  moment result{.second = std::chrono::sys_days{date}.time_since_epoch().count() * day_length,
                .length = day_length};
  auto rest = text.substr(date_length);
  if (rest.starts_with('T') || rest.starts_with('t') || rest.starts_with(' ')) {
    rest.remove_prefix(1);
    const auto length = std::min(rest.find_first_of("Zz+-"), rest.size());
    const auto time = clock_time(rest.substr(0, length));
    if (!time)
      return std::nullopt;
    result.second += time->second;
    result.length = time->length;
    rest.remove_prefix(length);
  }
  const auto zone = zone_seconds(rest);
  if (!zone)
    return std::nullopt;
  result.second -= *zone;
  result.zoned = !rest.empty();
  return result;
}

} // namespace log_analytics
