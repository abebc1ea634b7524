#include <troupe/detail/stall_watch.hpp>

#include <algorithm>
#include <utility>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/stall_root.hpp>

namespace troupe::detail {

namespace {

bool has_moved(const stage_sample& before, const stage_sample& now, duration span) {
  const auto moved = [](const counters& c) {
    return std::make_pair(c.received + c.delivered + c.filtered + c.dropped + c.shed + c.failed,
                          c.emitted);
  };
  // Within a batch nothing is counted, but it is seen which item is at work, and since when a call is.
  return moved(before.totals) != moved(now.totals) || before.actors != now.actors
         || std::any_of(now.running.begin(), now.running.end(),
                        [&](duration so_far) { return so_far < span; });
}

// Whether it could go on as far as its neighbours are concerned.
bool is_to_work(const stage_sample& stage) {
  const auto any = [&](auto... what) {
    return std::any_of(stage.actors.begin(), stage.actors.end(),
                       [&](const actor_sample& a) { return ((a.doing == what) || ...); });
  };
  if (any(phase::working, phase::retrying) || !stage.running.empty())
    return true;
  // What lies before it may be meant for the one that is held back. A join without a function waits
  // for others only.
  return stage.mailbox_depth > 0 && !stage.actors.empty()
         && !any(phase::held_back, phase::pacing, phase::paused);
}

bool is_excused(const std::string& stage, const stall& waits) {
  return root_of(waits, stage) != nullptr
         || std::any_of(waits.roots.begin(), waits.roots.end(),
                        [&](const auto& r) { return r.stage == stage && r.intended(); });
}

} // namespace

void stall_watch::feed(const graph_sample& before, const graph_sample& now, const stall& waits) {
  const auto span = elapsed(before.at, now.at);
  std::map<std::string, duration> lasts;
  for (const auto& stage : now.stages) {
    auto& so_far = lasts[stage.name];
    const auto same = std::find_if(before.stages.begin(), before.stages.end(),
                                   [&](const auto& other) { return other.name == stage.name; });
    if (same == before.stages.end() || has_moved(*same, stage, span) || !is_to_work(stage)
        || is_excused(stage.name, waits))
      continue;
    const auto until_now = lasts_.find(stage.name);
    so_far = (until_now == lasts_.end() ? duration::zero() : until_now->second) + span;
  }
  lasts_ = std::move(lasts);
}

std::optional<duration> stall_watch::of(const std::string& stage) const {
  const auto found = lasts_.find(stage);
  return found == lasts_.end() ? std::nullopt : std::optional{found->second};
}

} // namespace troupe::detail
