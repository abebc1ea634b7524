#pragma once

#include <string>
#include <string_view>

#include <troupe/count.hpp>
#include <troupe/error.hpp>

// How the policies refuse an option: `aimd_limit: backoff = 1, needs more than 0 and less than 1`.
namespace troupe::detail {

/// Short, without trailing zeros: 0.9, 20.
std::string as_text(double x);
/// In milliseconds: 20 ms, 0.5 ms.
std::string as_text(duration d);

/// Throws std::invalid_argument.
[[noreturn]] void refuse(std::string_view where, std::string_view option, std::string_view value,
                         std::string_view valid);

/// More than memory has room for, and little enough to calculate with.
inline constexpr long long largest_count = 1LL << 40;

/// Refuses a count outside of least..most.
void check_count(std::string_view where, std::string_view option, count given, long long least,
                 long long most);

/// Refuses a negative duration.
void check_not_negative(std::string_view where, std::string_view option, duration given);

} // namespace troupe::detail
