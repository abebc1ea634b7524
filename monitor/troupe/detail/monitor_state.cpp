#include <troupe/detail/monitor_state.hpp>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include <troupe/detail/metric_text.hpp>
#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

monitor_state::monitor_state(monitor_options options, std::shared_ptr<listener_set> listeners)
    : options_{std::move(options)}, listeners_{std::move(listeners)}, process_rules_{
                                                                          options_.alert_when} {}

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
  if (options.keep < duration::zero())
    refuse("monitor", "keep", format_duration(options.keep, written_digits), "0s or more");
}

// -- any thread --------------------------------------------------------------------------------

void monitor_state::add(std::shared_ptr<const observable> run) {
  if (!run)
    throw std::invalid_argument("monitor: run = null, needs a run");
  auto first = run->sample();
  rule_book rules{options_.alert_when, first.name};
  watched w{.run = std::move(run),
            .last = std::move(first),
            .metrics = std::nullopt,
            .rules = std::move(rules),
            .past = std::make_shared<curve>(options_.keep)};
  const std::lock_guard lock{mutex_};
  incoming_.push_back(std::move(w));
}

std::vector<graph_metrics> monitor_state::metrics() const {
  const std::lock_guard lock{mutex_};
  std::vector<graph_metrics> all;
  for (const auto& run : ended_)
    all.push_back(run.metrics);
  for (const auto& run : live_)
    all.push_back(run.metrics);
  return all;
}

std::vector<metrics_at> monitor_state::curves(const std::string& run) const {
  const auto is_it = [&](const shown& s) { return s.metrics.name == run; };
  curve past{duration::zero()};
  {
    const std::lock_guard lock{mutex_};
    const auto live = std::find_if(live_.rbegin(), live_.rend(), is_it);
    const auto ended = std::find_if(ended_.rbegin(), ended_.rend(), is_it);
    if (live != live_.rend())
      past = *live->past;
    else if (ended != ended_.rend())
      past = *ended->past;
  }
  return past.points(); // without the lock: who samples does not wait for it
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
  weigh_process();
  for (auto& run : runs_)
    judge(run);
  judge_process();
  publish_news();
  return !runs_.empty();
}

void monitor_state::finish(time_point now) {
  constexpr auto ending = "the monitor ended";
  news_.clear();
  process_.reset();
  for (auto& w : runs_) {
    w.fresh = false;
    if (w.run->ended())
      sample(w);
  }
  weigh_process();
  for (auto& w : runs_) {
    judge(w);
    note(w.rules.end(std::max(now, w.last.at), ending));
  }
  if (std::all_of(runs_.begin(), runs_.end(), [](const auto& w) { return w.over; }))
    judge_process();
  note(process_rules_.end(std::max(now, process_at_), ending));
  publish_news();
  runs_.clear();
}

void monitor_state::sample(watched& w) {
  w.fresh = false;
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
  if (w.rules.asks_for_stalls())
    w.stalls.feed(w.last, now, stall_in(now));
  w.last = std::move(now);
  w.fresh = true;
}

void monitor_state::weigh_process() {
  for (const auto& w : runs_)
    if (w.fresh && (!process_ || w.last.at > process_at_)) {
      process_ = *w.metrics;
      process_->name.clear();
      process_->stages.clear();
      process_at_ = w.last.at;
    }
  if (!process_)
    return;
  process_->actors = 0;
  for (const auto& w : runs_)
    if (!w.over)
      process_->actors += w.last.actors;
}

void monitor_state::judge(watched& w) {
  if (!w.fresh)
    return;
  note(w.rules.judge({.at = w.last.at,
                      .metrics = &*w.metrics,
                      .process = &*process_,
                      .sample = &w.last,
                      .stalls = &w.stalls,
                      .over = w.over}));
  if (w.over)
    note(w.rules.end(w.last.at, "the run ended"));
}

void monitor_state::judge_process() {
  if (!process_)
    return;
  const bool over = std::all_of(runs_.begin(), runs_.end(), [](const auto& w) { return w.over; });
  note(process_rules_.judge(
      {.at = process_at_, .metrics = &*process_, .process = &*process_, .over = over}));
  if (over)
    note(process_rules_.end(process_at_, "no run is watched"));
}

void monitor_state::note(std::vector<alert> said) {
  std::move(said.begin(), said.end(), std::back_inserter(news_));
}

void monitor_state::publish_news() {
  publish();
  for (const auto& a : news_)
    listeners_->tell(a);
}

void monitor_state::publish() {
  std::vector<alert> open;
  for (const auto& w : runs_)
    w.rules.collect_open(open);
  process_rules_.collect_open(open);

  const std::lock_guard lock{mutex_};
  live_.clear();
  for (auto& w : runs_) {
    if (w.fresh)
      w.past->add(w.last.at, *w.metrics);
    if (w.over)
      ended_.push_back({std::move(*w.metrics), std::move(w.past)});
    else if (w.metrics)
      live_.push_back({*w.metrics, w.past});
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
