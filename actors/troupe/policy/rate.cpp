#include <troupe/policy/rate.hpp>

#include <cmath>

#include <troupe/detail/refusal.hpp>

namespace troupe {

// Multiplied before it is divided: what divides without a rest then comes out exactly.
double rate::permits_in(time_span d) const noexcept {
  if (d <= duration::zero() || !(permits_ > 0.0))
    return 0.0;
  return static_cast<double>(d.count()) * permits_ / static_cast<double>(period_.count());
}

duration rate::time_for(double permits) const noexcept {
  if (permits <= 0.0 || is_unlimited())
    return duration::zero();
  if (!(permits_ > 0.0))
    return duration::max();
  const double time = std::ceil(permits * static_cast<double>(period_.count()) / permits_);
  // As a double, the longest duration is rounded up and no longer one.
  return time < static_cast<double>(duration::max().count())
             ? duration{static_cast<duration::rep>(time)}
             : duration::max();
}

std::string to_string(const rate& r) {
  if (r.is_unlimited())
    return "unlimited";
  const auto permits = detail::as_text(r.permits_) + " per ";
  if (r.period_ == std::chrono::seconds{1})
    return permits + "second";
  if (r.period_ == std::chrono::minutes{1})
    return permits + "minute";
  return permits + detail::as_text(r.period_);
}

} // namespace troupe
