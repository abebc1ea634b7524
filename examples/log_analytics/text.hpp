#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace log_analytics {

/// `text` as valid UTF-8 that does no harm to a terminal: control characters, bytes that are not
/// UTF-8 and marks that change the direction of writing become "\x1b" and the like.
std::string printable(std::string_view text);

/// How many columns of a terminal `text`, valid UTF-8, takes.
std::size_t display_width(std::string_view text);

/// `text`, valid UTF-8, cut to `columns` with "…" at the end where it is longer.
std::string fitted(const std::string& text, std::size_t columns);

/// Digits and nothing else, of a number that fits in.
std::optional<std::uint64_t> whole_number(std::string_view digits);

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Without the spaces in front and behind.
std::string_view trimmed(std::string_view text);

/// "1,234,567"
std::string with_separators(std::uint64_t number);

/// "2.56 GiB"
std::string human_bytes(std::uint64_t bytes);

/// "850 ns", "12.5 us", "3.2 ms", "1.5 s"
std::string duration_text(std::chrono::nanoseconds d);

/// "91.26%"; "-" of nothing.
std::string percent(std::uint64_t part, std::uint64_t whole);

/// `fraction`, 0 to 1, of `columns` as a bar of block characters, in steps of an eighth of one.
std::string bar(double fraction, std::size_t columns);

/// "2015-05-17" from days since 1970.
std::string date_text(std::int32_t day);

/// "2015-05-17 10:05:03" from seconds since 1970.
std::string time_text(std::int64_t second, char separator = ' ');

} // namespace log_analytics
