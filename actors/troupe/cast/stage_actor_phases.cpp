// What a stage_actor shows of itself while it runs.
#include <troupe/cast/stage_actor.hpp>

namespace troupe::detail {

phase stage_actor::doing() const noexcept {
  if (is_paused())
    return phase::paused;
  if (!may_work() || finished())
    return phase::ended;
  if (obstacle_ == obstacle::retry)
    return phase::retrying;
  if (starved())
    return phase::held_back;
  return kernel_ != nullptr && held_back() && !in_.empty() ? phase::pacing : phase::idle;
}

void stage_actor::stand() {
  const auto p = doing();
  if (p == phase::retrying)
    user_actor::stand(p, clock_, wakes_at());
  else
    user_actor::stand(p, clock_, p == phase::pacing ? kernel_->due() : std::nullopt);
}

void stage_actor::took(duration d, time_point at) noexcept {
  block().latency.record(static_cast<std::uint64_t>(d.count()), 1);
  if (working_on_ != nullptr)
    turn_to(*working_on_, position_ + 1, at);
}

void stage_actor::turn_to(const batch_base& in, std::size_t item, time_point at) noexcept {
  position_ = item;
  if (item < in.size())
    block().next_call(at, in.index_of(item));
}

} // namespace troupe::detail
