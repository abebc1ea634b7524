#include <troupe/kernel/tuning.hpp>

#include <utility>

namespace troupe::detail {

bool tuning_slot::put(const tuning& t) {
  const std::lock_guard lock{mutex_};
  const bool first = !waiting_;
  if (first)
    waiting_.emplace();
  if (t.rate)
    waiting_->rate = t.rate;
  if (t.burst)
    waiting_->burst = t.burst;
  return first;
}

tuning tuning_slot::take() {
  const std::lock_guard lock{mutex_};
  return std::exchange(waiting_, std::nullopt).value_or(tuning{});
}

} // namespace troupe::detail
