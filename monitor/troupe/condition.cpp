#include <troupe/condition.hpp>

#include <cmath>

#include <troupe/detail/metric_text.hpp>

namespace troupe {

bool condition::breached_by(double value) const noexcept {
  if (metric == metric_kind::stalled) // for at least so long
    return value > 0 && value >= limit;
  switch (side) {
  case comparison::above:
    return value > limit;
  case comparison::below:
    return value < limit;
  case comparison::equal:
    return value == limit;
  default:
    return value != limit;
  }
}

bool condition::recovered_by(double value) const noexcept {
  if (metric == metric_kind::stalled || detail::unit_of(metric) == detail::unit::state)
    return !breached_by(value);
  const auto margin = std::abs(limit) * hysteresis;
  return side == comparison::above ? value <= limit - margin : value >= limit + margin;
}

std::string subject_of(const condition& c) {
  auto text = detail::format_subject(c.metric, c.stage);
  if (c.is_growth())
    text = "growth(" + text + ").per(" + detail::format_duration(c.window, detail::written_digits)
           + ")";
  return text;
}

std::string to_string(const condition& c) {
  const auto limit = detail::format_value(c.metric, c.limit, detail::written_digits);
  if (c.metric == metric_kind::stalled)
    return subject_of(c) + " for " + limit;
  return subject_of(c).append(" ").append(detail::symbol(c.side)).append(" ").append(limit);
}

} // namespace troupe
