#include <troupe/sources.hpp>

#include <troupe/detail/elapsed.hpp>

namespace troupe::detail {

supply tick_source::fill(batch_base& out, kernel_host& host) {
  const auto now = host.now();
  if (!next_)
    next_ = later(now, period_);
  if (now < *next_)
    return supply::later;
  const auto missed = elapsed(*next_, now) / period_;
  tick_ += static_cast<std::uint64_t>(missed);
  static_cast<batch<std::uint64_t>&>(out).items.push_back(tick_++);
  next_ = later(*next_ + missed * period_, period_);
  return supply::later;
}

void check_period(const std::string& name, duration period) {
  if (period <= duration::zero())
    refuse("ticks", name, "period", std::to_string(period.count()) + " ns", "more than 0");
}

} // namespace troupe::detail
