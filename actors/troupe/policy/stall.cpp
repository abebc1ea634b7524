#include <troupe/policy/stall.hpp>

#include <algorithm>
#include <set>

namespace troupe {

namespace {

bool any_is(const stage_sample& stage, phase what) {
  return std::any_of(stage.actors.begin(), stage.actors.end(),
                     [&](const auto& a) { return a.doing == what; });
}

duration lasts(const stage_sample& stage, phase what, time_point now) {
  duration longest{};
  for (const auto& a : stage.actors)
    if (a.doing == what)
      longest = std::max(longest, duration{now - a.since});
  return longest;
}

stall_cause cause_of(const stage_sample& stage) {
  if (any_is(stage, phase::paused))
    return stall_cause::paused;
  if (any_is(stage, phase::retrying))
    return stall_cause::retrying;
  if (any_is(stage, phase::pacing))
    return stall_cause::rate;
  return stage.inputs.empty() && !any_is(stage, phase::working) ? stall_cause::silent_source
                                                                : stall_cause::in_function;
}

} // namespace

bool stall::root::on_purpose() const noexcept {
  return cause == stall_cause::paused || cause == stall_cause::rate
         || cause == stall_cause::silent_source;
}

const stall::root* stall::root_of(std::string_view stage) const noexcept {
  const auto next = [&](std::string_view who) {
    const auto found
        = std::find_if(waits.begin(), waits.end(), [&](const auto& w) { return w.who == who; });
    return found == waits.end() ? std::string_view{} : std::string_view{found->whom};
  };
  std::set<std::string_view> seen;
  auto at = stage;
  for (auto on = next(at); !on.empty() && seen.insert(on).second; on = next(on))
    at = on;
  const auto found
      = std::find_if(roots.begin(), roots.end(), [&](const auto& r) { return r.stage == at; });
  return at == stage || found == roots.end() ? nullptr : &*found;
}

stall stall_in(const graph_sample& graph) {
  stall s;
  for (const auto& stage : graph.stages)
    for (const auto& in : stage.inputs) {
      const auto& before = graph.stages[in.from];
      if (any_is(before, phase::held_back))
        s.waits.push_back({.who = before.name,
                           .whom = stage.name,
                           .capacity = in.capacity,
                           .lasts = lasts(before, phase::held_back, graph.at)});
    }
  for (const auto& stage : graph.stages) {
    const auto waited_for = std::any_of(s.waits.begin(), s.waits.end(),
                                        [&](const auto& w) { return w.whom == stage.name; });
    const auto waits = std::any_of(s.waits.begin(), s.waits.end(),
                                   [&](const auto& w) { return w.who == stage.name; });
    if (waited_for && !waits)
      s.roots.push_back({.stage = stage.name,
                         .cause = cause_of(stage),
                         .lasts = lasts(stage, phase::working, graph.at)});
  }
  return s;
}

} // namespace troupe
