#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <troupe/threshold.hpp>

// How metrics are written for people: in rules, alerts and errors.
namespace troupe::detail {

enum class unit { count, rate, share, seconds, bytes, state };
unit unit_of(metric_kind kind) noexcept;

/// Whether `kind` belongs to the process and the runs together, not to a stage.
constexpr bool is_process_wide(metric_kind kind) noexcept { return kind >= metric_kind::memory; }

/// `p99_latency("pricing")`, `p99_latency(any_stage)`, `memory()`.
std::string format_subject(metric_kind metric, const rule_stage& stage);

/// As it is written in a rule: ">", "==".
std::string_view symbol(comparison side) noexcept;

/// Digits that count: an alert's value is a measurement, a rule's limit was written by someone.
inline constexpr int measured_digits = 3;
inline constexpr int written_digits = 9;

/// Without trailing zeros, never in powers of ten: "0.013", "10000".
std::string format_number(double value, int digits);

/// In the unit of `metric`: "312ms", "1.5GiB", "0.013".
std::string format_value(metric_kind metric, double value, int digits);

/// In the largest unit that fits: "2.1s".
std::string format_duration(duration d, int digits);

} // namespace troupe::detail
