#include <troupe/policy/advisor.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <troupe/detail/refusal.hpp>
#include <troupe/detail/stage_advice.hpp>

namespace troupe {

namespace {

using detail::draft;
using detail::flow_look;

duration as_duration(double seconds) {
  return std::isfinite(seconds) && seconds < 1e9
             ? duration{static_cast<duration::rep>(seconds * 1e9)}
             : duration::max();
}

double load(const flow_look& look, const draft& d) {
  return look.model.rate_at(d.stage, look.anew.throughput)
         / (look.model.true_rate(d.stage) * static_cast<double>(look.view.stages[d.stage].workers));
}

// Of those about workers first what can be changed at once, and of these what is in the way first:
// the others do not help before.
void put_in_order(const flow_look& look, std::vector<draft>& drafts) {
  const auto rank = [&](const draft& d) {
    return d.workers == 0 ? 2 : d.rec.settings.has_value() ? 0 : 1;
  };
  std::stable_sort(drafts.begin(), drafts.end(), [&](const draft& a, const draft& b) {
    if (rank(a) != rank(b))
      return rank(a) < rank(b);
    return rank(a) < 2 && load(look, a) > load(look, b);
  });
}

// From 3, for what is just worth it, to 10, for a tenfold gain.
int priority_of(double before, double after) {
  const auto gain = after > 0 ? 1 - before / after : 0.0;
  return static_cast<int>(std::clamp(std::lround(3 + 7 * gain / 0.9), 1L, 10L));
}

/// What comes of one recommendation after the other.
class course {
public:
  explicit course(const flow_look& look)
      : look_(look), so_far_{look.now.throughput, look.model.passage(nullptr), look.view.memory} {
    for (const auto& s : look.view.stages)
      workers_.push_back(s.workers);
  }

  void expect(draft& d) {
    if (d.workers > 0) {
      auto after = with_workers(d);
      show(d.rec.expected, so_far_, after);
      so_far_ = after;
      d.rec.priority = next_priority(d.rec.settings.has_value());
    } else {
      const state now{look_.now.throughput, look_.model.passage(nullptr), look_.view.memory};
      show(d.rec.expected, now,
           {std::max(now.throughput, d.after), now.passage,
            now.memory - std::min(now.memory, d.bytes_less)});
    }
  }

private:
  struct state {
    double throughput;
    double passage;
    std::uint64_t memory;
  };

  static void show(expectation& e, const state& before, const state& after) {
    e.throughput = {before.throughput, after.throughput};
    e.latency = {as_duration(before.passage), as_duration(after.passage)};
    e.memory = {before.memory, after.memory};
  }

  state with_workers(const draft& d) {
    const auto& s = look_.view.stages[d.stage];
    // Whoever composes the flow anew can change the others then, too.
    if (!d.rec.settings)
      for (std::size_t i = 0; i < workers_.size(); ++i)
        if (look_.view.stages[i].resized != resizing::anew)
          workers_[i] = look_.anew.workers[i];
    workers_[d.stage] = d.workers;
    const auto plan = look_.model.with(workers_);
    const auto more = d.workers - std::min(d.workers, s.workers);
    return {std::max(so_far_.throughput, plan.throughput),
            std::min(so_far_.passage, look_.model.passage(&plan)),
            so_far_.memory + more * look_.model.bytes_of_worker(s)};
  }

  // What all of them gain together is what the first is needed for; the others only follow it.
  int next_priority(bool at_once) {
    const auto gain = at_once ? priority_of(look_.now.throughput, look_.best.throughput)
                              : priority_of(look_.best.throughput, look_.anew.throughput);
    priority_ = std::max(1, std::min(priority_ - 1, gain));
    return priority_;
  }

  const flow_look& look_;
  std::vector<std::size_t> workers_;
  state so_far_;
  int priority_ = 11;
};

} // namespace

advisor::advisor(std::vector<stage_form> forms, advisor_bounds bounds)
    : forms_(std::move(forms)), bounds_(bounds) {
  constexpr std::string_view me = "advisor";
  detail::check_count(me, "most_workers", bounds.most_workers, 1, 10'000);
  detail::check_count(me, "threads", bounds.threads, 0, detail::largest_count);
  if (!(bounds.cores >= 0 && std::isfinite(bounds.cores)))
    detail::refuse(me, "cores", detail::as_text(bounds.cores), "at least 0");
}

advice advisor::advise(const graph_sample& earlier, const graph_sample& later) const {
  const std::array samples{earlier, later};
  return advise(samples);
}

advice advisor::advise(std::span<const graph_sample> samples) const {
  const auto view = detail::view_of(samples, forms_);
  const detail::flow_model model{view, bounds_};
  advice a;
  a.run = view.run;
  a.throughput = a.then = model.throughput();
  if (a.throughput <= 0)
    return a;
  const flow_look look{view, model, bounds_, model.as_it_is(), model.best(false), model.best(true)};
  a.limit = a.then_limit = look.now.limit;
  std::vector<draft> drafts;
  for (std::size_t i = 0; i < view.stages.size(); ++i)
    detail::optimize(look, i, drafts);
  put_in_order(look, drafts);
  course then{look};
  for (auto& d : drafts) {
    then.expect(d);
    a.then = std::max(a.then, d.rec.expected.throughput.after);
    if (d.workers > 0)
      a.then_limit = (d.rec.settings ? look.best : look.anew).limit;
    d.rec.run = view.run;
    a.recommendations.push_back(std::move(d.rec));
  }
  std::stable_sort(a.recommendations.begin(), a.recommendations.end(),
                   [](const auto& x, const auto& y) { return x.priority > y.priority; });
  return a;
}

double advisor::throughput(std::span<const graph_sample> samples) const {
  const auto view = detail::view_of(samples, forms_);
  return detail::flow_model{view, bounds_}.throughput();
}

bool advisor::held_back(std::span<const graph_sample> samples) const {
  const auto view = detail::view_of(samples, forms_);
  for (std::size_t i = 0; i < view.stages.size(); ++i)
    if (view.stages[i].is_source() && view.is_held(i))
      return true;
  return false;
}

} // namespace troupe
