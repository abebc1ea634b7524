#include <troupe/policy/stall.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe {

namespace {

using flags = std::vector<char>; ///< by stage

/// What the actors of a stage do, taken together.
struct stance {
  std::optional<actor_sample> held;    ///< the first that was held back
  std::optional<actor_sample> at_work; ///< whom others may wait for: not held back, not idle
  std::optional<actor_sample> idle;
  bool over = false; ///< it has handed on everything
};

void keep_earliest(std::optional<actor_sample>& kept, const actor_sample& a) {
  if (!kept || a.since < kept->since)
    kept = a;
}

stance stance_of(const stage_sample& stage) {
  stance s;
  if (stage.passes_on)
    return s;
  s.over = !stage.actors.empty();
  for (const auto& a : stage.actors) {
    s.over = s.over && a.doing == phase::ended;
    if (a.doing == phase::held_back)
      keep_earliest(s.held, a);
    else if (a.doing == phase::idle)
      keep_earliest(s.idle, a);
    else if (a.doing == phase::paused)
      s.at_work = a; // whatever the others still do
    else if (a.doing != phase::ended && (!s.at_work || s.at_work->doing != phase::paused))
      keep_earliest(s.at_work, a);
  }
  return s;
}

stall_cause cause_of(const stage_sample& stage, phase doing) {
  switch (doing) {
  case phase::paused:
    return stall_cause::paused;
  case phase::pacing:
    return stall_cause::rate;
  case phase::idle:
    return stall_cause::silent_source;
  default:
    break;
  }
  if (stage.breaker == breaker_state::open)
    return stall_cause::breaker_open;
  if (doing == phase::retrying)
    return stall_cause::retrying;
  if (stage.what == "outbox")
    return stall_cause::unread;
  return stage.what == "service" ? stall_cause::asks : stall_cause::in_function;
}

/// Follows the waits from stage to stage.
class search {
public:
  explicit search(const graph_sample& graph) : graph_(graph), downstream_(graph.stages.size()) {
    for (std::size_t i = 0; i < graph.stages.size(); ++i) {
      stances_.push_back(stance_of(graph.stages[i]));
      for (const auto& in : graph.stages[i].inputs)
        downstream_[in.from].push_back(i);
    }
  }

  stall result() {
    stall found;
    std::vector<std::size_t> waiting(graph_.stages.size(), 0);
    for (std::size_t i = 0; i < graph_.stages.size(); ++i) {
      add_waits(i, found);
      flags seen(graph_.stages.size(), 0);
      flags roots(graph_.stages.size(), 0);
      if (waits(i) && follow(i, seen, roots))
        for (std::size_t r = 0; r < roots.size(); ++r)
          waiting[r] += roots[r] != 0 && r != i ? 1U : 0U;
    }
    for (std::size_t i = 0; i < waiting.size(); ++i)
      if (waiting[i] > 0)
        found.roots.push_back(root_at(i, waiting[i]));
    std::stable_sort(found.roots.begin(), found.roots.end(), [](const auto& a, const auto& b) {
      return std::tuple{a.intended(), b.waiting, b.lasts}
             < std::tuple{b.intended(), a.waiting, a.lasts};
    });
    return found;
  }

private:
  const stage_sample& stage(std::size_t i) const { return graph_.stages[i]; }
  bool is_split(std::size_t i) const { return downstream_[i].size() > 1; }
  bool waits(std::size_t i) const {
    return stances_[i].held || (is_starved(i) && !stage(i).inputs.empty());
  }
  bool is_starved(std::size_t i) const {
    return stances_[i].idle && !stances_[i].held && !stances_[i].at_work;
  }

  // Behind joins that hold nothing of their own.
  void takers(std::size_t i, std::vector<std::size_t>& out) const {
    for (const auto next : downstream_[i])
      stage(next).passes_on ? takers(next, out) : out.push_back(next);
  }
  // Branches that have nothing to do are not what a split waits for.
  std::vector<std::size_t> whom_for_room(std::size_t i) const {
    std::vector<std::size_t> all;
    takers(i, all);
    std::erase_if(all, [this](std::size_t t) { return stances_[t].over; });
    auto busy = all;
    std::erase_if(busy, [this](std::size_t t) { return is_starved(t); });
    return busy.empty() ? all : busy;
  }

  // Who is held back has something for us, unless it stands before other branches.
  void givers(std::size_t i, std::vector<std::size_t>& out) const {
    for (const auto& in : stage(i).inputs) {
      if (stage(in.from).passes_on)
        givers(in.from, out);
      else if (!stances_[in.from].over && (!stances_[in.from].held || is_split(in.from)))
        out.push_back(in.from);
    }
  }
  std::vector<std::size_t> whom_for_items(std::size_t i) const {
    std::vector<std::size_t> all;
    givers(i, all);
    return all;
  }

  // Marks the roots that `i` waits for; whether there are any.
  bool follow(std::size_t i, flags& seen, flags& roots) const {
    if (roots[i] != 0)
      return true;
    if (std::exchange(seen[i], 1) != 0)
      return false;
    const auto& s = stances_[i];
    bool found = false;
    if (s.held)
      for (const auto next : whom_for_room(i))
        found |= follow(next, seen, roots);
    // One worker is in its function, the others wait for their turn behind it.
    if (s.at_work && !found)
      return (roots[i] = 1) != 0;
    if (is_starved(i)) {
      if (stage(i).inputs.empty())
        return (roots[i] = 1) != 0;
      for (const auto before : whom_for_items(i))
        found |= follow(before, seen, roots);
    }
    return found;
  }

  void add_waits(std::size_t i, stall& out) const {
    const auto& s = stances_[i];
    if (s.held)
      for (const auto whom : whom_for_room(i))
        out.waits.push_back({stage(i).name, stage(whom).name, stall::need::room,
                             capacity_between(i, whom), lasts(*s.held)});
    else if (is_starved(i))
      for (const auto whom : whom_for_items(i))
        out.waits.push_back(
            {stage(i).name, stage(whom).name, stall::need::item, 0, lasts(*s.idle)});
  }

  std::size_t capacity_between(std::size_t from, std::size_t to) const {
    for (const auto& in : stage(to).inputs)
      if (in.from == from || stage(in.from).passes_on)
        return in.capacity;
    return 0;
  }

  duration lasts(const actor_sample& a) const { return detail::elapsed(a.since, graph_.at); }

  stall::root root_at(std::size_t i, std::size_t waiting) const {
    const auto& s = stances_[i];
    const auto& a = s.at_work ? *s.at_work : *s.idle;
    stall::root r{.stage = stage(i).name,
                  .cause = cause_of(stage(i), a.doing),
                  .lasts = lasts(a),
                  .first_item = a.first_item,
                  .last_item = a.last_item,
                  .waiting = waiting};
    const auto until = r.cause == stall_cause::breaker_open ? stage(i).breaker_until : a.until;
    if (until)
      r.more = detail::elapsed(graph_.at, *until);
    return r;
  }

  const graph_sample& graph_;
  std::vector<std::vector<std::size_t>> downstream_;
  std::vector<stance> stances_;
};

} // namespace

stall stall_in(const graph_sample& graph) { return search{graph}.result(); }

} // namespace troupe
