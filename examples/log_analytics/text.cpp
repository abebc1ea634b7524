#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <system_error>

namespace log_analytics {

namespace {

struct code_point {
  char32_t value = 0;
  std::size_t size = 0; // in bytes, 0 for what is not UTF-8
};

/// Reads the UTF-8 character at the start of `text`, which is not empty.
code_point decode(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80)
    return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size)
    return {};
  char32_t value = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80)
      return {};
    value = value << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return value < smallest[size] || value > 0x10ffff || surrogate ? code_point{}
                                                                 : code_point{value, size};
}

bool within(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

/// Control characters, separators of lines, and overrides of the direction of writing.
bool is_harmful(char32_t c) {
  return c < 0x20 || within(c, 0x7f, 0x9f) || within(c, 0x200b, 0x200f) || within(c, 0x2028, 0x202e)
         || within(c, 0x2060, 0x206f) || c == 0xfeff;
}

/// The usual ranges; a character too new for them costs one column of alignment, no more.
std::size_t columns_of(char32_t c) {
  if (within(c, 0x300, 0x36f) || within(c, 0x20d0, 0x20ff) || within(c, 0xfe00, 0xfe0f))
    return 0;
  const bool wide = within(c, 0x1100, 0x115f) || within(c, 0x2e80, 0xa4cf)
                    || within(c, 0xac00, 0xd7a3) || within(c, 0xf900, 0xfaff)
                    || within(c, 0xfe30, 0xfe6f) || within(c, 0xff00, 0xff60)
                    || within(c, 0x1f300, 0x1faff) || within(c, 0x20000, 0x3fffd);
  return wide ? 2 : 1;
}

template <class... Args>
std::string format(const char* pattern, Args... args) {
  std::array<char, 64> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), pattern, args...);
  return {buffer.data(), std::min(static_cast<std::size_t>(std::max(size, 0)), buffer.size() - 1)};
}

} // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto c = decode(text);
    const auto size = std::max<std::size_t>(c.size, 1);
    if (c.size > 0 && !is_harmful(c.value))
      result.append(text.substr(0, size));
    else
      for (const char byte : text.substr(0, size))
        result += format("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    text.remove_prefix(size);
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto c = decode(text);
    columns += columns_of(c.value);
    text.remove_prefix(std::max<std::size_t>(c.size, 1));
  }
  return columns;
}

std::string fitted(const std::string& text, std::size_t columns) {
  if (columns == 0 || display_width(text) <= columns)
    return columns == 0 ? std::string{} : text;
  std::string_view rest = text;
  std::size_t used = 0;
  while (!rest.empty()) {
    const auto c = decode(rest);
    used += columns_of(c.value);
    if (used > columns - 1)
      break;
    rest.remove_prefix(std::max<std::size_t>(c.size, 1));
  }
  return text.substr(0, text.size() - rest.size()) + "…";
}

std::optional<std::uint64_t> whole_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [at, failure] = std::from_chars(digits.data(), end, value);
  return failure == std::errc{} && at == end ? std::optional{value} : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

std::string with_separators(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 1023.995 would be printed as 1024.00
  for (; value >= 1023.995 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  return format("%.2f %s", value, units[unit]);
}

std::string duration_text(std::chrono::nanoseconds d) {
  constexpr std::array<const char*, 4> units{"ns", "us", "ms", "s"};
  auto value = static_cast<double>(d.count());
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit)
    value /= 1000;
  return value < 100 && unit > 0 ? format("%.1f %s", value, units[unit])
                                 : format("%.0f %s", value, units[unit]);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0)
    return "-";
  return format("%.2f%%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string bar(double fraction, std::size_t columns) {
  static constexpr std::array<std::string_view, 8> partial{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(
      std::lround(std::clamp(fraction, 0.0, 1.0) * 8 * static_cast<double>(columns)));
  std::string result;
  for (std::size_t i = 0; i < eighths / 8; ++i)
    result += "█";
  result += partial[eighths % 8];
  const auto used = eighths / 8 + (eighths % 8 != 0 ? 1 : 0);
  return result.append(columns - used, ' ');
}

std::string date_text(std::int32_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return format("%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string time_text(std::int64_t second, char separator) {
  constexpr std::int64_t day_length = 86400;
  const auto of_day = (second % day_length + day_length) % day_length;
  const auto day = static_cast<std::int32_t>((second - of_day) / day_length);
  const auto whole = static_cast<int>(of_day);
  return date_text(day)
         + format("%c%02d:%02d:%02d", separator, whole / 3600, whole / 60 % 60, whole % 60);
}

} // namespace log_analytics
