#include <troupe/policy/optimizer_machine.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

#include <troupe/detail/advice_text.hpp>
#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

constexpr std::string_view me = "optimizer";
constexpr int samples_in_a_period = 8;
// Two periods agree if they differ by no more: else buffers still fill or empty.
constexpr double agreement = 0.1;
constexpr std::size_t most_periods = 4;

void check(const optimizer_options& o) {
  if (o.measure_for <= duration::zero())
    detail::refuse(me, "measure_for", detail::as_text(o.measure_for.value()), "more than 0 ms");
  if (!(o.must_reach >= 0 && o.must_reach <= 1))
    detail::refuse(me, "must_reach", detail::as_text(o.must_reach), "0 to 1");
  detail::check_not_negative(me, "try_again", o.try_again);
  detail::check_count(me, "log", o.log, 1, detail::largest_count);
}

} // namespace

std::string_view to_string(step_state s) noexcept {
  switch (s) {
  case step_state::measuring:
    return "measuring";
  case step_state::kept:
    return "kept";
  case step_state::taken_back:
    return "taken back";
  }
  return "unknown";
}

std::string to_string(const optimizer_step& step) {
  using namespace detail;
  auto text
      = "step " + std::to_string(step.number) + ": " + (step.run.empty() ? "" : step.run + ": ");
  for (std::size_t i = 0; i < step.changes.size(); ++i)
    text += (i == 0 ? "" : ", ") + step.changes[i].stage + ": " + step.changes[i].change;
  text += ": " + shown_number(step.predicted.before) + " -> " + shown_rate(step.predicted.after)
          + " predicted";
  if (step.state == step_state::measuring)
    return text;
  text += ", " + shown_number(step.measured) + " measured: " + std::string{to_string(step.state)};
  return step.why.empty() ? text : text + ", " + step.why;
}

std::ostream& operator<<(std::ostream& out, const optimizer_step& step) {
  return out << to_string(step);
}

optimizer_machine::optimizer_machine(std::vector<stage_form> forms, optimizer_options options)
    : forms_(std::move(forms)), options_(std::move(options)) {
  check(options_);
  const advisor checks_bounds{forms_, options_.bounds};
}

duration optimizer_machine::sample_every() const noexcept {
  return std::max(duration{1}, options_.measure_for.value() / samples_in_a_period);
}

bool optimizer_machine::is_period() const {
  // A timer may come a little early or late.
  return detail::elapsed(period_.front().at, period_.back().at) + sample_every() / 2
         >= options_.measure_for.value();
}

void optimizer_machine::begin_period() { period_.erase(period_.begin(), period_.end() - 1); }

advisor optimizer_machine::advisor_at(time_point now) const {
  auto forms = forms_;
  for (auto& f : forms)
    if (const auto bar = barred_.find(f.name); bar != barred_.end() && now < bar->second)
      f.resized = resizing::not_now;
  return advisor{std::move(forms), options_.bounds};
}

advice optimizer_machine::look() const {
  if (period_.size() < 2)
    return {};
  return advisor_at(period_.back().at).advise(period_);
}

std::vector<optimizer_machine::change> optimizer_machine::feed(const graph_sample& sample) {
  if (!period_.empty() && sample.at <= period_.back().at)
    return {};
  period_.push_back(sample);
  if (!is_period())
    return {};
  const auto now = sample.at;
  std::vector<change> wanted;
  if (measuring_) {
    const auto throughput = advisor_at(now).throughput(period_);
    if (is_measured(throughput))
      wanted = judge(throughput, now);
    begin_period();
    return wanted;
  }
  if (options_.apply == applying::automatically)
    wanted = begin_step(advisor_at(now).advise(period_), now);
  if (wanted.empty())
    period_.erase(period_.begin()); // the next look is a sample later
  else
    begin_period();
  return wanted;
}

bool optimizer_machine::is_measured(double throughput) {
  const bool agree = std::abs(throughput - last_) <= agreement * throughput;
  last_ = throughput;
  ++periods_;
  return (periods_ > 1 && agree) || periods_ >= most_periods;
}

std::vector<optimizer_machine::change> optimizer_machine::begin_step(const advice& found,
                                                                     time_point now) {
  optimizer_step step;
  std::vector<change> wanted;
  const bool careful = careful_until_ && now < *careful_until_;
  for (const auto& rec : found.recommendations) {
    if (!rec.settings || (careful && !wanted.empty()))
      continue;
    wanted.push_back({rec.stage, *rec.settings});
    step.predicted.after = rec.expected.throughput.after;
    step.changes.push_back(rec);
  }
  if (wanted.empty())
    return wanted;
  step.number = ++steps_;
  step.at = now;
  step.run = found.run;
  step.predicted.before = found.throughput;
  log_.push_back(std::move(step));
  if (log_.size() > options_.log)
    log_.pop_front();
  measuring_ = true;
  periods_ = 0;
  return wanted;
}

std::vector<optimizer_machine::change> optimizer_machine::judge(double measured, time_point now) {
  measuring_ = false;
  auto& step = log_.back();
  step.measured = measured;
  const auto& [before, after] = step.predicted;
  if (options_.bounds.memory > 0 && period_.back().memory > options_.bounds.memory) {
    step.why = "the process has " + detail::shown_bytes(period_.back().memory);
    return take_back(step, now);
  }
  step.state = step_state::kept;
  if (measured >= before + options_.must_reach * (after - before))
    return {};
  if (!advisor_at(now).held_back(period_)) {
    step.why = "the sources had no more to give";
    return {};
  }
  step.why = measured < before ? "it made it worse" : "it gained too little";
  return take_back(step, now);
}

std::vector<optimizer_machine::change> optimizer_machine::take_back(optimizer_step& step,
                                                                    time_point now) {
  step.state = step_state::taken_back;
  std::vector<change> wanted;
  const auto until = detail::later(now, options_.try_again);
  // Which of several it was is not known.
  if (step.changes.size() > 1)
    careful_until_ = until;
  else
    barred_[step.changes.front().stage] = until;
  for (const auto& rec : step.changes)
    wanted.push_back({rec.stage, *rec.undo});
  return wanted;
}

} // namespace troupe
