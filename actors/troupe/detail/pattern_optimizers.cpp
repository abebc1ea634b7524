#include <troupe/detail/stage_advice.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <troupe/detail/advice_text.hpp>

namespace troupe::detail {

namespace {

// Where the input waits while workers have nothing to do, more of them would not help.
bool is_dealt_unevenly(const flow_look& look, std::size_t i) {
  const auto& s = look.view.stages[i];
  return s.kind == pattern_kind::fan_out && s.workers > 1 && look.model.waits_for_itself(i)
         && (s.has_phases ? s.idle >= 0.15 : true)
         && (s.how == "round_robin" || s.how == "weighted" || s.how == "by_key");
}

// Sources and sinks: of a source nothing can be said but what the others say of it.
void producer_consumer(const flow_look& look, std::size_t i, drafts& out) {
  if (look.view.stages[i].is_source())
    return;
  workers(look, i, "consumers", out);
  buffer(look, i, out);
  batch(look, i, out);
}

void pipeline(const flow_look& look, std::size_t i, drafts& out) {
  workers(look, i, "parallel", out);
  buffer(look, i, out);
  batch(look, i, out);
  fused(look, i, out);
}

void fan_out(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  if (!is_dealt_unevenly(look, i)) {
    workers(look, i, "workers", out);
    buffer(look, i, out);
    batch(look, i, out);
    return;
  }
  const auto use = look.view.utilization(i);
  auto d = about(look, i, advice_type::dispatch, 7);
  d.after = std::min(look.now.throughput * 0.95 / std::max(use, 0.01), look.model.offered());
  if (!is_worth_it(look.now.throughput, d.after))
    return;
  d.rec.change = s.how == "by_key"
                     ? "deal out by a key with more, or more even, values"
                     : "compose it with to = dispatch::least_loaded instead of " + s.how;
  d.rec.evidence = "its input waits, though its " + std::to_string(s.workers)
                   + " workers together are busy only " + shown_share(use) + " of the time";
  out.push_back(std::move(d));
}

// One input is empty while another is full: the merge takes them in an order that makes it wait.
void fan_in(const flow_look& look, std::size_t i, drafts& out) {
  constexpr std::array waiting{"in_order", "round_robin", "sorted", "weighted"};
  const auto& s = look.view.stages[i];
  if (s.inputs.size() < 2 || std::find(waiting.begin(), waiting.end(), s.how) == waiting.end())
    return;
  const auto [slow, quick]
      = std::minmax_element(s.inputs.begin(), s.inputs.end(),
                            [](const edge_view& a, const edge_view& b) { return a.fill < b.fill; });
  if (slow->fill > 0.05 || quick->fill < 0.5)
    return;
  const auto& held = look.view.stages[quick->from];
  auto d = about(look, i, advice_type::merge, 5);
  if (held.has_phases && held.held < 1)
    d.after = std::min(look.now.throughput / (1 - held.held), look.model.offered());
  d.rec.change = "compose it with merge = merge::first_available instead of " + s.how
                 + ", if their order does not matter";
  d.rec.evidence = "it waits for " + look.view.stages[slow->from].name + ", while its input from "
                   + held.name + " is " + shown_share(quick->fill) + " full";
  out.push_back(std::move(d));
}

void worker_pool(const flow_look& look, std::size_t i, drafts& out) {
  workers(look, i, "parallel", out);
  buffer(look, i, out);
}

// A rate is meant as it is, unless what it turns away would be welcome behind it.
void rate_limiter(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  if (s.shed < 0.01 * s.finished || s.outputs.empty())
    return;
  double busiest = 0;
  for (std::size_t j = i + 1; j < look.view.stages.size(); ++j)
    busiest = std::max(busiest, look.view.is_full(j) ? 1.0 : look.view.utilization(j));
  if (busiest > 0.5)
    return;
  auto d = about(look, i, advice_type::rate, 3);
  d.rec.change = "a higher rate or burst, if what is behind it may be asked more";
  d.rec.evidence = "it turns away " + shown_share(s.shed / s.finished)
                   + " of what comes, and what is behind it is busy at most " + shown_share(busiest)
                   + " of the time";
  out.push_back(std::move(d));
}

// Who calls what fails all the more would make it worse.
void circuit_breaker(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  const auto failing = s.finished > 0 ? s.failed / s.finished : 0.0;
  if (!s.breaker_open && failing < 0.1) {
    worker_pool(look, i, out);
    return;
  }
  auto d = about(look, i, advice_type::breaker, 6);
  d.rec.change = "see to what it calls; more workers would only fail more often";
  d.rec.evidence = shown_share(failing) + " of its items failed"
                   + (s.breaker_open ? ", and its circuit breaker is open" : "");
  out.push_back(std::move(d));
}

void scatter_gather(const flow_look& look, std::size_t i, drafts& out) {
  workers(look, i, "in_flight", out);
  buffer(look, i, out);
}

} // namespace

void optimize(const flow_look& look, std::size_t stage, std::vector<draft>& out) {
  memory(look, stage, out);
  switch (look.view.stages[stage].kind) {
  case pattern_kind::producer_consumer:
    return producer_consumer(look, stage, out);
  case pattern_kind::pipeline:
    return pipeline(look, stage, out);
  case pattern_kind::fan_out:
    return fan_out(look, stage, out);
  case pattern_kind::fan_in:
    return fan_in(look, stage, out);
  case pattern_kind::worker_pool:
    return worker_pool(look, stage, out);
  case pattern_kind::rate_limiter:
    return rate_limiter(look, stage, out);
  case pattern_kind::circuit_breaker:
    return circuit_breaker(look, stage, out);
  case pattern_kind::scatter_gather:
    return scatter_gather(look, stage, out);
  }
}

} // namespace troupe::detail
