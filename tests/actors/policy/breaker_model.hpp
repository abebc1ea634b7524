#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include <troupe/policy/breaker_machine.hpp>

/// A circuit breaker that remembers everything and computes every answer from that.
class breaker_model {
public:
  struct ticket {
    int period;
    int trial;
  };
  struct call {
    troupe::time_point at;
    bool failed;
    bool slow;
  };

  explicit breaker_model(troupe::circuit_breaker o) : o_(o), cooldown_(o.cooldown) {}

  std::optional<ticket> admit(troupe::time_point now) {
    look(now);
    using enum troupe::breaker_state;
    if ((state_ == open && now - since_ >= cooldown_)
        || (state_ == forced_open && forced_for_ && now - since_ >= *forced_for_))
      begin(half_open, now);
    if (state_ == half_open)
      return admit_trial(now);
    if (state_ == open || state_ == forced_open) {
      ++refused_;
      return std::nullopt;
    }
    return ticket{period_, 0};
  }

  void record(ticket t, troupe::outcome o, bool slow, troupe::time_point now) {
    if (o == troupe::outcome::ignored)
      return release(t, now);
    look(now);
    using enum troupe::breaker_state;
    if (state_ == disabled)
      return;
    const call c{now, o == troupe::outcome::failure, slow};
    if (t.period != period_ || (state_ == half_open && !end_trial(t))) {
      ++late_;
      if (state_ == open && t.period == seen_period_)
        add(c, now);
      return;
    }
    add(c, now);
    decide(now);
  }

  void release(ticket t, troupe::time_point now) {
    look(now);
    if (t.period == period_)
      end_trial(t);
  }

  void change(troupe::breaker_state to, troupe::time_point now,
              std::optional<troupe::duration> forced_for = std::nullopt) {
    look(now);
    forced_for_ = forced_for;
    begin(to, now);
  }

  troupe::breaker_state state(troupe::time_point now) {
    look(now);
    return state_;
  }

  troupe::duration retry_after(troupe::time_point now) {
    look(now);
    using enum troupe::breaker_state;
    const auto left = [now](troupe::time_point since, troupe::duration d) {
      return std::clamp(since + d - now, troupe::duration{}, d);
    };
    if (state_ == open)
      return left(since_, cooldown_);
    if (state_ == forced_open && forced_for_)
      return left(since_, *forced_for_);
    if (state_ == half_open && none_left(now))
      return left(o_.half_open_max_wait > troupe::duration{} ? since_ : trials_.front().since,
                  patience());
    return {};
  }

  troupe::breaker_snapshot snapshot(troupe::time_point now) {
    look(now);
    const auto w = window(now);
    troupe::breaker_snapshot s;
    s.buffered = w.size();
    s.failed = failures(w);
    s.slow = slow_ones(w);
    s.not_permitted = refused_;
    s.late = late_;
    if (!w.empty() && w.size() >= needed()) {
      s.failure_rate = double(s.failed) / double(s.buffered);
      s.slow_rate = double(s.slow) / double(s.buffered);
    }
    return s;
  }

  std::size_t trials_out() const { return trials_.size(); }

private:
  struct trial {
    int number;
    troupe::time_point since;
  };

  static std::size_t failures(const std::vector<call>& w) {
    return std::size_t(std::ranges::count_if(w, [](const call& c) { return c.failed; }));
  }
  static std::size_t slow_ones(const std::vector<call>& w) {
    return std::size_t(std::ranges::count_if(w, [](const call& c) { return c.slow; }));
  }

  std::size_t needed() const {
    if (of_trials_)
      return std::min<std::size_t>(o_.minimum_calls, o_.trials);
    return o_.window.is_by_time() ? std::size_t(o_.minimum_calls)
                                  : std::min<std::size_t>(o_.minimum_calls, o_.window.calls());
  }

  // What came while the clock was behind counts from when it was there again.
  void add(call c, troupe::time_point now) {
    rewind(now);
    if (!seen_.empty())
      c.at = std::max(c.at, seen_.back().at);
    seen_.push_back(c);
  }

  void rewind(troupe::time_point now) {
    if (o_.window.is_by_time() && !seen_.empty() && seen_.back().at - now >= o_.window.span())
      for (auto& s : seen_)
        s.at = std::min(s.at, now);
  }

  std::vector<call> window(troupe::time_point now) {
    using enum troupe::breaker_state;
    if (state_ == forced_open || state_ == disabled)
      return {};
    if (of_trials_)
      return seen_;
    auto w = seen_;
    if (o_.window.is_by_time()) {
      rewind(now);
      w = seen_;
      std::erase_if(w, [&](const call& c) { return now - c.at >= o_.window.span(); });
      seen_ = w; // if the clock steps back, what is forgotten stays forgotten
    } else if (w.size() > o_.window.calls()) {
      w.erase(w.begin(), w.end() - std::ptrdiff_t(std::size_t(o_.window.calls())));
    }
    return w;
  }

  bool reaches(const std::vector<call>& w) const {
    const auto n = double(w.size());
    return double(failures(w)) / n >= o_.failure_rate || double(slow_ones(w)) / n >= o_.slow_rate;
  }

  void decide(troupe::time_point now) {
    using enum troupe::breaker_state;
    const auto w = window(now);
    if (w.size() < needed() || state_ == metrics_only)
      return;
    if (reaches(w))
      open_now(now);
    else if (state_ == half_open)
      begin(closed, now);
  }

  bool none_left(troupe::time_point now) const {
    return trials_.size() + seen_.size() >= o_.trials
           && (trials_.empty() || now - trials_.front().since < patience());
  }

  std::optional<ticket> admit_trial(troupe::time_point now) {
    if (none_left(now)) {
      ++refused_;
      return std::nullopt;
    }
    if (trials_.size() + seen_.size() >= o_.trials)
      trials_.erase(trials_.begin());
    trials_.push_back({++last_trial_, now});
    return ticket{period_, last_trial_};
  }

  bool end_trial(ticket t) {
    return std::erase_if(trials_, [&](const trial& x) { return x.number == t.trial; }) > 0;
  }

  troupe::duration patience() const {
    if (state_ == troupe::breaker_state::forced_open)
      return forced_for_.value_or(troupe::duration::max());
    return state_ == troupe::breaker_state::half_open && o_.half_open_max_wait > troupe::duration{}
               ? o_.half_open_max_wait.value()
               : cooldown_;
  }

  void look(troupe::time_point now) {
    if (since_ - now >= patience())
      since_ = now;
    for (auto& t : trials_)
      if (t.since - now >= patience())
        t.since = now;
    if (state_ == troupe::breaker_state::half_open && o_.half_open_max_wait > troupe::duration{}
        && now - since_ >= o_.half_open_max_wait) {
      const auto at = since_ + o_.half_open_max_wait.value();
      seen_.empty() || reaches(seen_) ? open_now(at) : begin(troupe::breaker_state::closed, at);
    }
  }

  void open_now(troupe::time_point at) {
    if (state_ == troupe::breaker_state::half_open)
      ++reopened_;
    cooldown_ = o_.cooldown;
    for (int i = 0; i < reopened_; ++i)
      cooldown_ = std::min<troupe::duration>(std::max(o_.max_cooldown, o_.cooldown),
                                             cooldown_ * static_cast<int>(o_.cooldown_factor));
    begin(troupe::breaker_state::open, at);
  }

  void begin(troupe::breaker_state to, troupe::time_point at) {
    using enum troupe::breaker_state;
    state_ = to;
    since_ = at;
    ++period_;
    refused_ = 0;
    late_ = 0;
    trials_.clear();
    if (to == closed || to == disabled || to == metrics_only) {
      reopened_ = 0;
      cooldown_ = o_.cooldown;
    }
    if (to != open) {
      seen_.clear();
      seen_period_ = period_;
      of_trials_ = to == half_open;
    }
  }

  troupe::circuit_breaker o_;
  troupe::breaker_state state_ = troupe::breaker_state::closed;
  troupe::time_point since_{};
  troupe::duration cooldown_;
  std::optional<troupe::duration> forced_for_;
  int period_ = 1;
  int reopened_ = 0;
  std::vector<call> seen_;
  int seen_period_ = 1;
  bool of_trials_ = false;
  std::vector<trial> trials_;
  int last_trial_ = 0;
  std::size_t refused_ = 0;
  std::size_t late_ = 0;
};
