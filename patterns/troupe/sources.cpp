#include <troupe/sources.hpp>

namespace troupe::detail {

supply tick_source::fill(batch_base& out, kernel_host& host) {
  const auto now = host.now();
  if (!next_)
    next_ = now + period_;
  if (now < *next_)
    return supply::later;
  const auto missed = static_cast<std::uint64_t>((now - *next_) / period_);
  tick_ += missed;
  static_cast<batch<std::uint64_t>&>(out).items.push_back(tick_++);
  *next_ += (static_cast<duration::rep>(missed) + 1) * period_;
  return supply::later;
}

void check_period(const std::string& name, duration period) {
  if (period <= duration::zero())
    refuse("ticks", name, "period", std::to_string(period.count()) + " ns", "more than 0");
}

} // namespace troupe::detail
