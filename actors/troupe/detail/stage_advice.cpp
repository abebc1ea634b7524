#include <troupe/detail/stage_advice.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <troupe/detail/advice_text.hpp>

namespace troupe::detail {

namespace {

// What passing a batch on costs.
constexpr double batch_seconds = 1e-6;
// How long handling a batch takes where its size is automatic.
constexpr double good_batch_seconds = 250e-6;

double item_seconds(const stage_view& s) { return s.finished > 0 ? s.busy / s.finished : 0.0; }

bool is_limit(const flow_look& look, std::size_t i) {
  return look.now.limit.stage == look.view.stages[i].name;
}

std::string busy_text(const flow_look& look, std::size_t i) {
  const auto& s = look.view.stages[i];
  if (look.model.waits_for_itself(i))
    return "its input waits, though it is in its function only "
           + shown_share(look.view.utilization(i)) + " of the time";
  return "in its function " + shown_share(look.view.utilization(i)) + " of the time, "
         + shown_time(item_seconds(s)) + " an item";
}

// What passing an item on costs. Half of what the edge holds is a batch, if its function is quick.
double hop_seconds(const stage_view& s) {
  const auto size = s.batch.is_automatic() ? s.capacity / 2 : std::size_t{s.batch.items()};
  return batch_seconds / static_cast<double>(std::max<std::size_t>(1, size));
}

} // namespace

draft about(const flow_look& look, std::size_t i, advice_type type, int priority) {
  draft d;
  d.stage = i;
  d.after = look.now.throughput;
  d.rec.stage = look.view.stages[i].name;
  d.rec.type = type;
  d.rec.priority = priority;
  return d;
}

bool is_worth_it(double before, double after) { return after >= before * (1 + advisor::worth_it); }

void workers(const flow_look& look, std::size_t i, std::string_view composed_by, drafts& out) {
  const auto& s = look.view.stages[i];
  const bool anew = s.resized == resizing::anew;
  const auto& plan = anew ? look.anew : look.best;
  const auto before = anew ? look.best.throughput : look.now.throughput;
  if (plan.workers[i] == s.workers || !is_worth_it(before, plan.throughput))
    return;
  auto d = about(look, i, advice_type::workers, 10);
  d.workers = plan.workers[i];
  const auto option = anew ? "compose it with " + std::string{composed_by}
                      : s.resized == resizing::parallel ? "parallel"
                                                        : "workers";
  d.rec.change
      = option + " = " + std::to_string(d.workers) + " instead of " + std::to_string(s.workers);
  d.rec.evidence = busy_text(look, i) + ", which is " + shown_rate(look.model.true_rate(i))
                   + " a worker; " + shown_rate(look.model.rate_at(i, plan.throughput))
                   + " would reach it";
  if (!anew) {
    const auto setting = [&](std::size_t n) {
      return s.resized == resizing::parallel ? settings{.parallel = n} : settings{.workers = n};
    };
    d.rec.settings = setting(d.workers);
    d.rec.undo = setting(s.workers);
  }
  out.push_back(std::move(d));
}

// Now and then it has no input, and now and then there is no room for more: what comes in bursts
// has to wait somewhere.
void buffer(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  if (look.now.limit.cause != limit_cause::source || !s.has_phases || s.inputs.size() != 1
      || s.capacity == 0 || look.view.is_held(i) || s.idle < 0.05
      || look.view.utilization(i) >= advisor::busy_at_most)
    return;
  const auto& before = look.view.stages[s.inputs.front().from];
  if (before.outputs.size() != 1 || !before.has_phases || before.held < 0.1 || before.held >= 1)
    return;
  auto d = about(look, i, advice_type::buffer, 5);
  d.after = std::min(look.now.throughput / (1 - before.held), look.anew.throughput);
  if (!is_worth_it(look.now.throughput, d.after))
    return;
  d.rec.change = "compose it with buffer = " + std::to_string(4 * s.capacity) + " instead of "
                 + std::to_string(s.capacity);
  d.rec.evidence = before.name + " is held back " + shown_share(before.held)
                   + " of the time, and it has no input " + shown_share(s.idle) + " of it";
  out.push_back(std::move(d));
}

void batch(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  if (s.batch.is_automatic() || !is_limit(look, i))
    return;
  const auto size = static_cast<double>(s.batch.items().value());
  const auto work = item_seconds(s);
  const auto cost = 1 / look.model.true_rate(i); // with all that it takes beside the function
  const auto saved = batch_seconds * (1 / size - work / good_batch_seconds);
  if (saved <= 0 || cost <= 0)
    return;
  auto d = about(look, i, advice_type::batch, 6);
  d.after = std::min(look.model.offered(),
                     look.now.throughput * cost / std::max(cost - saved, cost / 2));
  if (!is_worth_it(look.now.throughput, d.after))
    return;
  d.rec.change
      = "compose it with batch = automatic instead of " + std::to_string(s.batch.items().value());
  d.rec.evidence = "a batch is " + shown_time(size * work)
                   + " of work, and to pass one on takes about " + shown_time(batch_seconds);
  out.push_back(std::move(d));
}

void fused(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  if (s.inputs.size() != 1)
    return;
  const auto before = s.inputs.front().from;
  const auto& b = look.view.stages[before];
  const auto quick = [&](const stage_view& v) {
    return !v.is_source() && v.resized == resizing::anew && v.workers == 1 && !v.own_thread
           && v.finished > 0 && item_seconds(v) < hop_seconds(v);
  };
  if (b.outputs.size() != 1 || !quick(b) || !quick(s))
    return;
  const bool matters
      = is_limit(look, i) || is_limit(look, before) || look.now.limit.cause == limit_cause::cores;
  const auto work = item_seconds(b) + item_seconds(s);
  auto d = about(look, i, advice_type::fused, 4);
  d.after
      = look.now.throughput * (work + hop_seconds(b) + hop_seconds(s)) / (work + hop_seconds(b));
  if (!matters || !is_worth_it(look.now.throughput, d.after))
    return;
  d.rec.change = "make one stage of " + b.name + " and " + s.name + ", with fused";
  d.rec.evidence = b.name + " takes " + shown_time(item_seconds(b)) + " an item and " + s.name + " "
                   + shown_time(item_seconds(s)) + ", less than passing it on";
  out.push_back(std::move(d));
}

void memory(const flow_look& look, std::size_t i, drafts& out) {
  const auto& s = look.view.stages[i];
  const auto bound = look.bounds.memory;
  constexpr double many = 1000;
  if (bound == 0 || static_cast<double>(look.view.memory) < 0.8 * static_cast<double>(bound)
      || s.depth < many)
    return;
  for (const auto& other : look.view.stages)
    if (other.depth > s.depth)
      return;
  auto d = about(look, i, advice_type::memory, 9);
  d.bytes_less = static_cast<std::uint64_t>(s.depth * 0.75 * static_cast<double>(s.item_bytes));
  d.rec.change
      = "compose it with buffer = " + std::to_string(std::max<std::size_t>(1, s.capacity / 4))
        + " instead of " + std::to_string(s.capacity);
  d.rec.evidence = shown_number(s.depth) + " items wait for it, more than for any other, and the "
                   + "process has " + shown_bytes(look.view.memory) + " of " + shown_bytes(bound);
  out.push_back(std::move(d));
}

} // namespace troupe::detail
