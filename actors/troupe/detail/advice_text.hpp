#pragma once

#include <cstdint>
#include <string>

#include <troupe/time_span.hpp>

// Measurements as recommendations say them: three digits count, and no powers of ten.
namespace troupe::detail {

/// 0.125, 12.5, 1,024
std::string shown_number(double x);
/// "12.5 items/s"
std::string shown_rate(double items_per_second);
/// 0.99 is "99 %"
std::string shown_share(double share);
/// In the largest unit that fits: "12.5 ms".
std::string shown_time(duration d);
std::string shown_time(double seconds);
/// "12.5 MiB"
std::string shown_bytes(std::uint64_t bytes);
/// "1 worker", "2 workers"
std::string shown_count(std::size_t n, const std::string& one);

} // namespace troupe::detail
