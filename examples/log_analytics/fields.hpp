#pragma once

#include "parser.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace log_analytics {

/// The fields of a line, each read from its own text. What cannot be read is the answer; nothing:
/// it is in `out`.

/// "-" for nothing.
std::string_view or_absent(std::string_view text);
/// Without a carriage return behind it and a byte order mark in front.
std::string_view without_marks(std::string_view line);
/// For a line that is blank or a comment.
std::optional<rejection> none_of_a_request(std::string_view line);

/// "17/May/2015:10:05:03 +0200"; also " 7/May/…", "7/May/…" and "17/MAY/…", "17/March/…".
std::optional<rejection> read_clf_time(std::string_view text, entry& out);
/// "2015-05-17T10:05:03+02:00", also with a space in the middle, parts of a second, and "Z".
std::optional<rejection> read_iso_time(std::string_view text, entry& out);
/// "2015-05-17" and "10:05:03", in UTC.
std::optional<rejection> read_date_and_clock(std::string_view date, std::string_view clock,
                                             entry& out);
/// Seconds, milliseconds or microseconds since 1970, by how many of them make a second. Parts of a
/// second may follow a dot.
std::optional<rejection> read_epoch(std::string_view text, std::int64_t per_second, entry& out);

/// Splits "GET /path HTTP/1.1". What has no method, such as the first bytes of a TLS handshake, is
/// a path altogether: so it shows up in the report.
void read_request(std::string_view request, entry& out);

/// 000, 100 to 599, or "-".
std::optional<rejection> read_status(std::string_view text, entry& out);

/// What is no number counts as 0.
std::uint64_t read_bytes(std::string_view text);

/// A number, perhaps with a fraction, of so many microseconds each; `entry::not_timed` for others.
std::int64_t read_served(std::string_view text, std::int64_t microseconds);

} // namespace log_analytics
