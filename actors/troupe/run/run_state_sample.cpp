// What a run_state tells of a run at an instant.
#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/shared_breaker.hpp>
#include <troupe/run/run_state.hpp>

namespace troupe::detail {

counters run_state::totals(std::size_t stage) const {
  counters sum;
  duration busy{};
  for (const auto& block : stages_[stage].blocks)
    block->add_to(sum, busy);
  return sum;
}

std::uint64_t run_state::sent_over(const stage_state::input& input) const {
  if (input.branch)
    return stages_[input.stage].crew->branch_sent[*input.branch].load(std::memory_order_relaxed);
  return totals(input.stage).emitted;
}

graph_sample run_state::sample() const {
  {
    const std::lock_guard lock{mutex_};
    if (report_)
      return last_;
  }
  return collect(false);
}

stage_sample run_state::collect(const stage_state& stage, time_point at, bool over) const {
  stage_sample out;
  out.name = stage.name;
  out.what = stage.what;
  out.passes_on = stage.passes_on;
  out.kind = stage.kind;
  out.workers = stage.crew->workers.load(std::memory_order_relaxed);
  out.capacity = stage.capacity;
  for (const auto& block : stage.blocks) {
    const auto seen = block->look_at(at);
    out.totals += seen.totals;
    out.busy += seen.busy;
    if (seen.slow_for)
      out.running.push_back(*seen.slow_for);
    out.actors.push_back(seen.actor);
    block->latency.add_to(out.latency);
    block->wait.add_to(out.wait);
  }
  out.totals.redelivered = stage.crew->redelivered.load(std::memory_order_relaxed);
  out.totals.restarts += stage.crew->restarts.load(std::memory_order_relaxed);
  if (const auto breaker = stage.kit.controls ? stage.kit.controls->breaker() : nullptr) {
    out.breaker = breaker->state();
    if (out.breaker == breaker_state::open)
      out.breaker_until = later(at, breaker->retry_after(at));
  }
  look_at_edges(stage, out, over);
  return out;
}

void run_state::look_at_edges(const stage_state& stage, stage_sample& out, bool over) const {
  std::uint64_t sent = 0;
  for (const auto& input : stage.inputs) {
    out.inputs.push_back({.from = input.stage, .capacity = input.capacity});
    sent += sent_over(input);
  }
  if (stage.inputs.empty())
    return;
  const auto on_edge = sent > out.totals.received ? sent - out.totals.received : 0;
  if (over) {
    // Sent, never taken up, and nobody is left to do it.
    out.totals.received += on_edge;
    out.totals.abandoned += on_edge;
  } else {
    out.mailbox_depth = on_edge;
    if (out.inputs.size() == 1)
      out.inputs.front().waiting = on_edge;
  }
}

graph_sample run_state::collect(bool over) const {
  graph_sample all;
  all.name = name_;
  all.at = now();
  {
    const std::lock_guard lock{blocks_mutex_};
    all.stages.resize(stages_.size());
    // Downstream first: what moves meanwhile is then seen on the edge, never received before sent.
    for (auto i = stages_.size(); i-- > 0;)
      all.stages[i] = collect(stages_[i], all.at, over);
  }
  all.actors = actors_.load(std::memory_order_relaxed);
  add_usage(all, read_process_usage());
  return all;
}

} // namespace troupe::detail
