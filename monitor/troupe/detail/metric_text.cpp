#include <troupe/detail/metric_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace troupe {

namespace detail {

namespace {

struct metric_row {
  std::string_view name;
  detail::unit unit;
};

// In the order of metric_kind.
constexpr std::array<metric_row, 22> metric_rows{{
    {"mailbox_depth", unit::count}, {"throughput", unit::rate},
    {"error_rate", unit::share},    {"utilization", unit::share},
    {"buffer_fill", unit::share},   {"mean_latency", unit::seconds},
    {"p50_latency", unit::seconds}, {"p90_latency", unit::seconds},
    {"p99_latency", unit::seconds}, {"max_latency", unit::seconds},
    {"mean_wait", unit::seconds},   {"p50_wait", unit::seconds},
    {"p90_wait", unit::seconds},    {"p99_wait", unit::seconds},
    {"max_wait", unit::seconds},    {"breaker", unit::state},
    {"stalled", unit::seconds},     {"memory", unit::bytes},
    {"active_actors", unit::count}, {"cpu", unit::rate},
    {"memory_share", unit::share},  {"cpu_share", unit::share},
}};
static_assert(metric_rows.size() == static_cast<std::size_t>(metric_kind::cpu_share) + 1);

const metric_row& row(metric_kind kind) noexcept {
  return metric_rows[static_cast<std::size_t>(kind)];
}

// Fixed notation without trailing zeros: "2.1", "0.013", "10000".
std::string number(double value, int decimals) {
  // The longest double has 309 digits before the point.
  std::array<char, 350> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, decimals);
  std::string result{text.data(), end.ptr};
  if (result.find('.') != std::string::npos) {
    result.erase(result.find_last_not_of('0') + 1);
    if (result.back() == '.')
      result.pop_back();
  }
  return result == "-0" ? "0" : result;
}

struct scale {
  double size;
  std::string_view suffix;
};

std::string scaled(double value, int digits, const std::array<scale, 4>& scales) {
  const auto fits = std::find_if(scales.begin(), scales.end(),
                                 [&](const auto& s) { return std::abs(value) >= s.size; });
  const auto& chosen = fits == scales.end() || value == 0 ? scales.back() : *fits;
  return format_number(value / chosen.size, digits).append(chosen.suffix);
}

std::string format_seconds(double seconds, int digits) {
  if (seconds == 0)
    return "0s";
  return scaled(seconds, digits, {{{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}});
}

std::string format_bytes(double bytes, int digits) {
  constexpr double kib = 1024;
  return scaled(bytes, digits,
                {{{kib * kib * kib, "GiB"}, {kib * kib, "MiB"}, {kib, "KiB"}, {1, "B"}}});
}

} // namespace

std::string_view symbol(comparison side) noexcept {
  switch (side) {
  case comparison::above:
    return ">";
  case comparison::below:
    return "<";
  case comparison::equal:
    return "==";
  default:
    return "!=";
  }
}

unit unit_of(metric_kind kind) noexcept { return row(kind).unit; }

std::string format_subject(metric_kind metric, const rule_stage& stage) {
  std::string text{to_string(metric)};
  if (is_process_wide(metric))
    return text + "()";
  return stage.any() ? text + "(any_stage)" : text + "(\"" + stage.name() + "\")";
}

std::string format_number(double value, int digits) {
  const auto size = std::abs(value);
  if (!std::isfinite(value) || size == 0)
    return number(value, 0);
  const auto magnitude = static_cast<int>(std::floor(std::log10(size)));
  return number(value, std::clamp(digits - 1 - magnitude, 0, 12));
}

std::string format_value(metric_kind metric, double value, int digits) {
  switch (unit_of(metric)) {
  case unit::count:
    return number(value, value == std::floor(value) ? 0 : 3);
  case unit::seconds:
    return format_seconds(value, digits);
  case unit::bytes:
    return format_bytes(value, digits);
  case unit::state:
    return std::string{to_string(static_cast<breaker_state>(value))};
  default:
    return format_number(value, digits);
  }
}

std::string format_duration(duration d, int digits) {
  return format_seconds(std::chrono::duration<double>(d).count(), digits);
}

} // namespace detail

std::string_view to_string(metric_kind kind) noexcept { return detail::row(kind).name; }

} // namespace troupe
