#include <troupe/detail/monitor_state.hpp>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include <troupe/detail/metric_text.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

std::vector<alert_machine> machines(const std::vector<threshold>& rules, bool process_wide,
                                    const std::string& run = {}) {
  std::vector<alert_machine> result;
  for (const auto& rule : rules)
    if (rule.process_wide() == process_wide)
      result.emplace_back(rule, run);
  return result;
}

void collect_open(const std::vector<alert_machine>& rules, std::vector<alert>& out) {
  for (const auto& rule : rules)
    if (auto a = rule.open())
      out.push_back(std::move(*a));
}

} // namespace

monitor_state::monitor_state(monitor_options options, std::shared_ptr<listener_set> listeners)
    : options_{std::move(options)}, listeners_{std::move(listeners)},
      process_rules_{machines(options_.alert_when, true)} {}

void monitor_state::check(const monitor_options& options) {
  if (options.sample_every <= duration::zero())
    throw std::invalid_argument("monitor: sample_every = "
                                + format_duration(options.sample_every, written_digits)
                                + ", needs more than 0s");
  const auto at_least_one = [](const char* option, const count& given) {
    if (given.value() < 1)
      refuse("monitor", option, std::to_string(given.value()), "at least 1");
    check_count("monitor", option, given, 1, largest_count);
  };
  at_least_one("history", options.history);
  at_least_one("listener_buffer", options.listener_buffer);
}

// -- any thread --------------------------------------------------------------------------------

void monitor_state::add(std::shared_ptr<const observable> run) {
  if (!run)
    throw std::invalid_argument("monitor: run = null, needs a run");
  watched w;
  w.last = run->sample();
  w.run = std::move(run);
  w.rules = machines(options_.alert_when, false, w.last.name);
  const std::lock_guard lock{mutex_};
  incoming_.push_back(std::move(w));
}

std::vector<graph_metrics> monitor_state::metrics() const {
  const std::lock_guard lock{mutex_};
  std::vector<graph_metrics> all{ended_.begin(), ended_.end()};
  all.insert(all.end(), live_.begin(), live_.end());
  return all;
}

std::vector<alert> monitor_state::history() const {
  const std::lock_guard lock{mutex_};
  return {history_.begin(), history_.end()};
}

std::vector<alert> monitor_state::open_alerts() const {
  const std::lock_guard lock{mutex_};
  return open_;
}

std::uint64_t monitor_state::dropped_alerts() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

// -- the actor only ----------------------------------------------------------------------------

void monitor_state::admit() {
  const std::lock_guard lock{mutex_};
  std::move(incoming_.begin(), incoming_.end(), std::back_inserter(runs_));
  incoming_.clear();
}

bool monitor_state::sample_all() {
  news_.clear();
  process_.reset();
  for (auto& run : runs_)
    sample(run);
  judge_process();
  publish();
  for (const auto& a : news_)
    listeners_->tell(a);
  return !runs_.empty();
}

void monitor_state::finish(time_point now) {
  constexpr auto ending = "the monitor ended";
  news_.clear();
  process_.reset();
  for (auto& w : runs_) {
    if (w.run->ended())
      sample(w);
    for (auto& rule : w.rules)
      note(rule.end(std::max(now, w.last.at), ending));
  }
  for (auto& rule : process_rules_)
    note(rule.end(std::max(now, process_at_), ending));
  publish();
  runs_.clear();
  for (const auto& a : news_)
    listeners_->tell(a);
}

void monitor_state::sample(watched& w) {
  // Asked before the sample: a run that ends in between would else lose its last numbers.
  w.over = w.run->ended();
  auto now = w.run->sample();
  const auto span = now.at - w.last.at;
  // A run may join just before the timer that others had started. Rates over a sliver of time are
  // noise, so it is joined to the next period; where the clock stepped back, one is lost.
  if (!w.over && span < options_.sample_every.value() / 2) {
    if (span < duration::zero())
      w.last = std::move(now);
    return;
  }
  w.metrics = metrics_between(w.last, now);
  w.last = std::move(now);
  if (!process_ || w.last.at > process_at_) {
    process_ = graph_metrics{.stages = {}, .memory = w.metrics->memory, .cpu = w.metrics->cpu};
    process_at_ = w.last.at;
  }
  judge(w.rules, w.last.at, *w.metrics, w.over, "the run ended");
}

void monitor_state::judge_process() {
  if (!process_)
    return;
  const bool over = std::all_of(runs_.begin(), runs_.end(), [](const auto& w) { return w.over; });
  process_->actors = 0;
  for (const auto& w : runs_)
    if (!w.over)
      process_->actors += w.last.actors;
  judge(process_rules_, process_at_, *process_, over, "no run is watched");
}

void monitor_state::judge(std::vector<alert_machine>& rules, time_point at,
                          const graph_metrics& values, bool over, const char* ending) {
  for (auto& rule : rules) {
    // What ends does less and less; that is no failure.
    if (!over || rule.rule().side() != comparison::below)
      note(rule.feed(at, rule.rule().value_in(values)));
    if (over)
      note(rule.end(at, ending));
  }
}

void monitor_state::note(std::optional<alert> a) {
  if (a)
    news_.push_back(std::move(*a));
}

void monitor_state::publish() {
  std::vector<alert> open;
  for (const auto& w : runs_)
    collect_open(w.rules, open);
  collect_open(process_rules_, open);

  const std::lock_guard lock{mutex_};
  live_.clear();
  for (auto& w : runs_) {
    if (w.over)
      ended_.push_back(std::move(*w.metrics));
    else if (w.metrics)
      live_.push_back(*w.metrics);
  }
  while (ended_.size() > ended_kept)
    ended_.pop_front();
  std::erase_if(runs_, [](const auto& w) { return w.over; });
  open_ = std::move(open);
  for (const auto& a : news_)
    history_.push_back(a);
  while (history_.size() > options_.history) {
    history_.pop_front();
    ++dropped_;
  }
}

} // namespace troupe::detail
