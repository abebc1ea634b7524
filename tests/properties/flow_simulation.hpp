#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include <troupe/metrics.hpp>

// Stages, buffers and workers as discrete events: what a flow would do, without running one. It
// knows nothing of how the advisor calculates.
namespace simulated {

struct stage {
  double cost = 0.001;    ///< seconds an item, mean
  double selectivity = 1; ///< items that result from one
  std::size_t workers = 1;
  std::size_t buffer = 16;
};

struct flow {
  double interval = 0.001; ///< seconds that the source takes for an item
  std::vector<stage> stages{};
};

/// A source and stages in a row. Items wait in buffers, for whoever is free; a worker whose results
/// find no room waits with them.
class simulation {
public:
  simulation(const flow& f, unsigned seed, bool shows_phases)
      : rng_(seed), shows_phases_(shows_phases) {
    stations_.push_back({.cost = f.interval, .selectivity = 1});
    add_worker(stations_.back());
    for (const auto& s : f.stages) {
      stations_.push_back({.cost = s.cost, .selectivity = s.selectivity, .buffer = s.buffer});
      for (std::size_t w = 0; w < s.workers; ++w)
        add_worker(stations_.back());
    }
    settle();
  }

  /// The first station is the source.
  void set_workers(std::size_t i, std::size_t n) {
    auto& s = stations_[i];
    while (s.workers.size() < n)
      add_worker(s);
    settle();
  }

  /// Until each station has finished `items` more, or `events` are over.
  void run(std::uint64_t items, std::uint64_t events) {
    std::vector<std::uint64_t> goal;
    for (const auto& s : stations_)
      goal.push_back(s.finished + items);
    for (std::uint64_t n = 0; n < events && !events_.empty(); ++n) {
      step();
      if (n % 64 == 0 && reached(goal))
        return;
    }
  }

  void run_for(double seconds) {
    const auto end = now_ + seconds;
    while (!events_.empty() && events_.top().at <= end)
      step();
    now_ = end;
  }

  double now() const noexcept { return now_; }
  std::uint64_t made() const noexcept { return stations_.front().emitted; }

  troupe::graph_sample sample() const {
    troupe::graph_sample all;
    all.at = time(now_);
    for (std::size_t i = 0; i < stations_.size(); ++i)
      all.stages.push_back(sample_of(i));
    return all;
  }

private:
  struct worker {
    enum class state { idle, working, blocked } is = state::idle;
    double since = 0;
    std::size_t holds = 0; ///< results without room
  };
  struct station {
    double cost;
    double selectivity;
    std::size_t buffer = 0;
    std::vector<worker> workers{};
    std::vector<std::size_t> idle{};
    std::size_t waiting = 0;
    std::deque<std::size_t> blocked{}; ///< workers, the first that had to wait first
    double owed = 0;                   ///< results that are not whole yet
    std::uint64_t received = 0;
    std::uint64_t finished = 0;
    std::uint64_t emitted = 0;
    double busy = 0;
  };
  struct event {
    double at;
    std::size_t station;
    std::size_t worker;
    bool operator>(const event& other) const noexcept { return at > other.at; }
  };

  static troupe::time_point time(double seconds) {
    return troupe::time_point{} + nanoseconds(1000 + seconds);
  }
  static troupe::duration nanoseconds(double seconds) {
    return troupe::duration{static_cast<troupe::duration::rep>(seconds * 1e9)};
  }

  bool reached(const std::vector<std::uint64_t>& goal) const {
    for (std::size_t i = 0; i < goal.size(); ++i)
      if (stations_[i].finished < goal[i])
        return false;
    return true;
  }

  void add_worker(station& s) const {
    s.idle.push_back(s.workers.size());
    s.workers.push_back({worker::state::idle, now_, 0});
  }

  void begin(std::size_t i, std::size_t w) {
    auto& s = stations_[i];
    ++s.received;
    s.workers[w] = {worker::state::working, now_, 0};
    std::uniform_real_distribution<double> spread{0.7, 1.3};
    events_.push({now_ + s.cost * spread(rng_), i, w});
  }

  // Whoever is idle takes up what waits.
  bool take_up(std::size_t i) {
    auto& s = stations_[i];
    bool any = false;
    for (; !s.idle.empty() && (i == 0 || s.waiting > 0); any = true) {
      s.waiting -= i == 0 ? 0 : 1;
      begin(i, s.idle.back());
      s.idle.pop_back();
    }
    return any;
  }

  // Results go where there is room, those that have waited longest first.
  bool hand_on(std::size_t i) {
    auto& s = stations_[i];
    bool any = false;
    for (; !s.blocked.empty(); any = true) {
      auto& w = s.workers[s.blocked.front()];
      if (i + 1 < stations_.size()) {
        auto& next = stations_[i + 1];
        const auto fits = std::min(w.holds, next.buffer - next.waiting);
        w.holds -= fits;
        next.waiting += fits;
        s.emitted += fits;
        if (w.holds > 0)
          return any || fits > 0;
      }
      w = {worker::state::idle, now_, 0};
      s.idle.push_back(s.blocked.front());
      s.blocked.pop_front();
    }
    return any;
  }

  void settle() {
    for (bool any = true; any;) {
      any = false;
      for (auto i = stations_.size(); i-- > 0;) {
        const bool handed_on = hand_on(i);
        any = take_up(i) || handed_on || any;
      }
    }
  }

  void step() {
    const auto e = events_.top();
    events_.pop();
    now_ = e.at;
    auto& s = stations_[e.station];
    s.busy += now_ - s.workers[e.worker].since;
    ++s.finished;
    s.owed += s.selectivity;
    const auto whole = static_cast<std::size_t>(s.owed + 1e-9);
    s.owed -= static_cast<double>(whole);
    s.workers[e.worker] = {worker::state::blocked, now_, whole};
    s.blocked.push_back(e.worker);
    settle();
  }

  troupe::stage_sample sample_of(std::size_t i) const {
    const auto& s = stations_[i];
    troupe::stage_sample out;
    out.name = i == 0 ? "source" : "s" + std::to_string(i);
    out.kind = i == 0 ? troupe::pattern_kind::producer_consumer : troupe::pattern_kind::pipeline;
    auto busy = s.busy;
    for (const auto& w : s.workers) {
      busy += w.is == worker::state::working ? now_ - w.since : 0;
      if (shows_phases_)
        out.actors.push_back({.doing = w.is == worker::state::idle      ? troupe::phase::idle
                                       : w.is == worker::state::working ? troupe::phase::working
                                                                        : troupe::phase::held_back,
                              .since = time(w.since)});
    }
    out.totals.received = s.received;
    out.totals.delivered = s.finished;
    out.totals.in_flight = s.received - s.finished;
    out.totals.emitted = s.emitted;
    out.busy = nanoseconds(busy);
    out.workers = s.workers.size();
    out.capacity = s.buffer;
    out.mailbox_depth = s.waiting;
    if (shows_phases_ && i > 0)
      out.inputs.push_back({i - 1, s.waiting, s.buffer});
    return out;
  }

  std::minstd_rand rng_;
  bool shows_phases_;
  double now_ = 0;
  std::vector<station> stations_;
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
};

} // namespace simulated
