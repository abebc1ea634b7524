#include <troupe/detail/flow_view.hpp>

#include <algorithm>

namespace troupe::detail {

namespace {

double seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

// Totals of a stage whose block was made anew start again at zero.
double grown(std::uint64_t before, std::uint64_t now) noexcept {
  return now > before ? static_cast<double>(now - before) : 0.0;
}

double share(double part, double whole) noexcept {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0.0;
}

std::uint64_t finished(const counters& c) noexcept {
  return c.delivered + c.filtered + c.dropped + c.shed + c.failed;
}

const stage_sample* find(const graph_sample& sample, const std::string& name) noexcept {
  const auto found = std::find_if(sample.stages.begin(), sample.stages.end(),
                                  [&](const stage_sample& s) { return s.name == name; });
  return found == sample.stages.end() ? nullptr : &*found;
}

histogram between(const histogram& before, const histogram& now) noexcept {
  return now.count() < before.count() ? now : now.since(before);
}

double mean_seconds(const histogram& span) noexcept {
  return span.count() == 0
             ? 0.0
             : static_cast<double>(span.sum()) * 1e-9 / static_cast<double>(span.count());
}

void add_totals(stage_view& v, const stage_sample& before, const stage_sample& now) {
  v.finished = grown(finished(before.totals), finished(now.totals));
  v.emitted = grown(before.totals.emitted, now.totals.emitted);
  v.failed = grown(before.totals.failed, now.totals.failed);
  v.shed = grown(before.totals.shed, now.totals.shed);
  v.busy = std::max(0.0, seconds(now.busy - before.busy));
  v.grown = static_cast<double>(now.mailbox_depth) - static_cast<double>(before.mailbox_depth);
  const auto timed = between(before.latency, now.latency);
  v.timed = static_cast<double>(timed.count());
  v.latency = mean_seconds(timed);
  v.wait = mean_seconds(between(before.wait, now.wait));
}

void add_form(stage_view& v, const stage_form& form) {
  v.resized = form.resized;
  v.own_thread = form.thread == thread::own;
  v.batch = form.batch;
  v.item_bytes = form.item_bytes;
  v.how = form.how;
  for (const auto from : form.inputs)
    v.inputs.push_back({from});
}

stage_view begin_view(const stage_sample& now, const std::vector<stage_form>& forms) {
  stage_view v;
  v.name = now.name;
  v.kind = now.kind;
  v.workers = std::max<std::size_t>(1, now.workers);
  v.capacity = now.capacity;
  v.breaker_open = now.breaker == breaker_state::open;
  const auto form = std::find_if(forms.begin(), forms.end(),
                                 [&](const stage_form& f) { return f.name == now.name; });
  if (form != forms.end())
    add_form(v, *form);
  if (!now.inputs.empty())
    v.inputs.clear();
  for (const auto& in : now.inputs)
    v.inputs.push_back({.from = in.from, .capacity = in.capacity});
  return v;
}

double fill_of(const stage_sample& s) noexcept {
  return share(static_cast<double>(s.mailbox_depth), static_cast<double>(s.capacity));
}

// What only an instant shows: means over all samples.
void add_instants(stage_view& v, std::span<const graph_sample> samples) {
  double seen = 0;
  for (const auto& sample : samples) {
    const auto* const s = find(sample, v.name);
    if (s == nullptr)
      continue;
    ++seen;
    v.fill += fill_of(*s);
    v.depth += static_cast<double>(s->mailbox_depth);
    v.has_phases = v.has_phases || !s->actors.empty();
    for (std::size_t e = 0; e < std::min(v.inputs.size(), s->inputs.size()); ++e)
      v.inputs[e].fill += share(static_cast<double>(s->inputs[e].waiting),
                                static_cast<double>(s->inputs[e].capacity));
  }
  seen = std::max(1.0, seen);
  v.fill /= seen;
  v.depth /= seen;
  for (auto& in : v.inputs)
    in.fill /= seen;
}

/// How often stages that do not work are held back, and have no input.
///
/// How long they work is known exactly. A few instants only tell how the rest is divided; what was
/// seen then of the edges counts like the phase of one more actor, or one that happened to work at
/// each of them would be taken for one that never waits.
class votes {
public:
  explicit votes(flow_view& f) : flow_(f), held_(f.stages.size()), idle_(held_), all_(held_) {}

  void count(const graph_sample& sample) {
    std::vector<const stage_sample*> seen;
    for (const auto& v : flow_.stages)
      seen.push_back(find(sample, v.name));
    std::vector<bool> full(seen.size());
    for (auto i = seen.size(); i-- > 0;) {
      full[i] = has_full_output(i, seen, full);
      if (seen[i] != nullptr)
        count(i, *seen[i], full[i]);
    }
  }

  void divide() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      // Without phases: a source that is held back mostly was so for as long as it did not work,
      // but for the time until the edges were full.
      if (flow_.stages[i].is_source() && !flow_.stages[i].has_phases && 2 * held_[i] > all_[i]) {
        all_[i] = held_[i];
        idle_[i] = 0;
      }
      const auto rest = 1 - flow_.utilization(i);
      flow_.stages[i].held = rest * share(held_[i], all_[i]);
      flow_.stages[i].idle = rest * share(idle_[i], all_[i]);
    }
  }

private:
  void count(std::size_t i, const stage_sample& s, bool full) {
    constexpr double empty = 0.25;
    for (const auto& a : s.actors) {
      held_[i] += a.doing == phase::held_back ? 1 : 0;
      idle_[i] += a.doing == phase::idle ? 1 : 0;
      all_[i] += a.doing == phase::working ? 0 : 1;
    }
    held_[i] += full ? 1 : 0;
    idle_[i] += !full && fill_of(s) < empty ? 1 : 0;
    ++all_[i];
  }

  // What stands behind a merger that only passes on waits before it.
  bool has_full_output(std::size_t i, const std::vector<const stage_sample*>& seen,
                       const std::vector<bool>& full) const {
    const auto& outputs = flow_.stages[i].outputs;
    return std::any_of(outputs.begin(), outputs.end(), [&](std::size_t to) {
      const auto& next = flow_.stages[to];
      return (seen[to] != nullptr && fill_of(*seen[to]) >= 0.5)
             || (next.kind == pattern_kind::fan_in && next.busy <= 0 && full[to]);
    });
  }

  flow_view& flow_;
  std::vector<double> held_;
  std::vector<double> idle_;
  std::vector<double> all_;
};

// While nothing stops a source, it does not say what it has made, and says it all at once later.
// What it has timed is known better and, where it times nothing, what arrives behind it.
void complete_sources(flow_view& f) {
  for (auto& s : f.stages) {
    if (!s.is_source() || s.is_sink())
      continue;
    double arrived = 0;
    double room = 0;
    bool alone = true;
    for (const auto to : s.outputs) {
      const auto& next = f.stages[to];
      arrived += next.finished / static_cast<double>(next.inputs.size());
      room += static_cast<double>(next.capacity);
      alone = alone && next.inputs.size() == 1;
    }
    if (s.timed > 0)
      s.finished = s.timed;
    else if (alone)
      s.finished = std::clamp(s.finished, arrived, arrived + room);
    else if (s.finished <= 0)
      s.finished = arrived;
    s.emitted = s.finished;
  }
}

// How much of what a stage emits goes to each of those behind it. Where several edges lead to one
// of them, what they carry is not told apart.
void divide_edges(flow_view& f) {
  for (auto& from : f.stages) {
    if (from.outputs.size() < 2)
      continue;
    const auto flow_to = [&](std::size_t to) {
      const auto& s = f.stages[to];
      return std::max(0.0, s.finished + s.grown) / static_cast<double>(s.inputs.size());
    };
    double sum = 0;
    for (const auto to : from.outputs)
      sum += flow_to(to);
    const auto self = static_cast<std::size_t>(&from - f.stages.data());
    const auto even = 1.0 / static_cast<double>(from.outputs.size());
    for (const auto to : from.outputs)
      for (auto& edge : f.stages[to].inputs)
        if (edge.from == self)
          edge.share = sum > 0 ? flow_to(to) / sum : even;
  }
}

void connect(flow_view& f) {
  for (std::size_t i = 0; i < f.stages.size(); ++i) {
    // What comes round again is not counted twice.
    std::erase_if(f.stages[i].inputs, [i](const edge_view& e) { return e.from >= i; });
    for (const auto& e : f.stages[i].inputs)
      f.stages[e.from].outputs.push_back(i);
  }
  for (auto& s : f.stages) {
    std::sort(s.outputs.begin(), s.outputs.end());
    s.outputs.erase(std::unique(s.outputs.begin(), s.outputs.end()), s.outputs.end());
  }
}

} // namespace

double flow_view::utilization(std::size_t stage) const noexcept {
  const auto& s = stages[stage];
  return share(s.busy, static_cast<double>(s.workers) * span);
}

flow_view view_of(std::span<const graph_sample> samples, const std::vector<stage_form>& forms) {
  static const stage_sample nothing;
  flow_view f;
  if (samples.empty())
    return f;
  const auto& first = samples.front();
  const auto& last = samples.back();
  f.run = last.name;
  f.span = std::max(0.0, seconds(last.at - first.at));
  f.memory = last.memory;
  if (f.span > 0 && first.cpu > duration::zero()) // zero: it was not taken
    f.cpu = std::max(0.0, seconds(last.cpu - first.cpu) / f.span);
  for (const auto& now : last.stages) {
    auto& v = f.stages.emplace_back(begin_view(now, forms));
    const auto* const before = find(first, now.name);
    add_totals(v, before == nullptr ? nothing : *before, now);
    add_instants(v, samples);
  }
  connect(f);
  complete_sources(f);
  votes waits{f};
  // The first shows how it was before.
  for (const auto& sample : samples.size() > 2 ? samples.subspan(1) : samples)
    waits.count(sample);
  waits.divide();
  divide_edges(f);
  return f;
}

} // namespace troupe::detail
