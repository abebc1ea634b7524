#include <troupe/detail/rule_book.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <troupe/detail/glob.hpp>
#include <troupe/detail/metric_value.hpp>
#include <troupe/detail/stall_root.hpp>

namespace troupe::detail {

namespace {

bool is_there(const std::string& stage, const graph_metrics& graph) {
  return std::any_of(graph.stages.begin(), graph.stages.end(),
                     [&](const auto& s) { return s.name == stage; });
}

class view_reading final : public rule_reading {
public:
  explicit view_reading(const period_view& view) : view_{view} {}

  /// `own`: the actors of this run, not those of all.
  void count_actors_of_run(bool own) { own_actors_ = own; }

  std::optional<double> value(const condition& c) const override {
    // What ends does less and less; that is no failure.
    if (view_.over && c.side == comparison::below)
      return std::nullopt;
    if (c.metric == metric_kind::stalled)
      return stalled(c.stage.name());
    const bool of_all = c.metric == metric_kind::active_actors && !own_actors_;
    return metric_value(c, of_all ? *view_.process : *view_.metrics);
  }

  std::string root_of(const std::string& stage) const override {
    if (stage.empty() || view_.sample == nullptr)
      return {};
    if (!waits_) // seldom asked for
      waits_ = stall_in(*view_.sample);
    const auto* const root = detail::root_of(*waits_, stage);
    return root == nullptr ? std::string{} : root->stage;
  }

private:
  std::optional<double> stalled(const std::string& stage) const {
    const auto lasts = view_.stalls == nullptr ? std::nullopt : view_.stalls->of(stage);
    if (!lasts)
      return std::nullopt;
    // Who has ended waits for nothing.
    return view_.over ? 0.0 : std::chrono::duration<double>(*lasts).count();
  }

  const period_view& view_;
  bool own_actors_ = false;
  mutable std::optional<stall> waits_;
};

void note(std::optional<alert> a, std::vector<alert>& out) {
  if (a)
    out.push_back(std::move(*a));
}

const std::string& cause(const alert& a) { return a.root.empty() ? a.stage : a.root; }

// The first alert that has a cause decides where all of them are.
std::vector<alert> grouped(std::vector<alert> all) {
  std::vector<alert> out;
  const auto take_if = [&](const auto& is_next) {
    const auto rest = std::stable_partition(all.begin(), all.end(), is_next);
    std::move(all.begin(), rest, std::back_inserter(out));
    all.erase(all.begin(), rest);
  };
  while (!all.empty()) {
    const auto why = cause(all.front());
    take_if([&](const alert& a) { return cause(a) == why && a.root.empty(); });
    take_if([&](const alert& a) { return cause(a) == why; });
  }
  return out;
}

} // namespace

rule_book::rule_book(const std::vector<threshold>& all) {
  for (const auto& rule : all)
    if (rule.process_wide())
      add(rule);
}

rule_book::rule_book(const std::vector<threshold>& all, const std::string& run) : run_{run} {
  for (const auto& rule : all)
    if (!rule.process_wide() && (rule.run().empty() || matches(rule.run(), run)))
      add(rule);
}

void rule_book::add(const threshold& rule) {
  auto& e = entries_.emplace_back(entry{rule});
  if (!rule.about_any_stage())
    e.machines.try_emplace("", rule, run_);
  asks_for_stalls_ = asks_for_stalls_
                     || std::any_of(rule.conditions().begin(), rule.conditions().end(),
                                    [](const auto& c) { return c.metric == metric_kind::stalled; });
}

std::vector<alert> rule_book::judge(const period_view& view) {
  std::vector<alert> said;
  view_reading reading{view};
  for (auto& e : entries_) {
    if (e.rule.about_any_stage())
      follow_stages(e, view, said);
    reading.count_actors_of_run(!e.rule.run().empty());
    for (auto& [stage, machine] : e.machines)
      note(machine.feed(view.at, reading), said);
  }
  return grouped(std::move(said));
}

// Stages may come and go while a run goes on.
void rule_book::follow_stages(entry& e, const period_view& view, std::vector<alert>& out) const {
  for (auto& [stage, machine] : e.machines)
    if (!is_there(stage, *view.metrics))
      note(machine.end(view.at, "the stage is gone"), out);
  std::erase_if(e.machines, [&](const auto& m) { return !is_there(m.first, *view.metrics); });
  for (const auto& stage : view.metrics->stages)
    if (!e.machines.contains(stage.name))
      e.machines.try_emplace(stage.name, e.rule.about(stage.name), run_);
}

std::vector<alert> rule_book::end(time_point at, std::string_view reason) {
  std::vector<alert> said;
  for (auto& e : entries_)
    for (auto& [stage, machine] : e.machines)
      note(machine.end(at, std::string{reason}), said);
  return said;
}

void rule_book::collect_open(std::vector<alert>& out) const {
  for (const auto& e : entries_)
    for (const auto& [stage, machine] : e.machines)
      note(machine.open(), out);
}

} // namespace troupe::detail
