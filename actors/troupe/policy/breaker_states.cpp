// The states of a breaker_machine: who enters them, and when.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/policy/breaker_machine.hpp>

namespace troupe {

void breaker_machine::force_open(time_point now) { force_open(now, duration::max()); }

void breaker_machine::force_open(time_point now, time_span for_how_long) {
  if (for_how_long <= duration::zero())
    detail::refuse("force_open", "for", detail::as_text(for_how_long), "more than 0 ms");
  advance(now);
  forced_for_ = for_how_long; // before the listeners, who may ask
  enter(breaker_state::forced_open, now);
}

void breaker_machine::disable(time_point now) { change(breaker_state::disabled, now); }
void breaker_machine::metrics_only(time_point now) { change(breaker_state::metrics_only, now); }
void breaker_machine::half_open(time_point now) { change(breaker_state::half_open, now); }

void breaker_machine::change(breaker_state to, time_point now) {
  advance(now);
  enter(to, now);
}

void breaker_machine::reset(time_point now) {
  advance(now);
  const bool was_closed = state_ == breaker_state::closed;
  enter(breaker_state::closed, now);
  if (was_closed)
    publish(breaker_event_kind::reset, breaker_state::closed, now);
}

// Whatever is asked of the machine, it first becomes what it should be by now.
void breaker_machine::advance(time_point now) {
  if (state_ != breaker_state::half_open) {
    if (const auto limit = refuses_for())
      detail::not_far_ahead(since_, now, *limit);
    return;
  }
  const duration limit = options_.half_open_max_wait;
  detail::not_far_ahead(since_, now, lease_length());
  for (auto l = leases_.rbegin(); l != leases_.rend() && l->given > now; ++l)
    detail::not_far_ahead(l->given, now, lease_length());
  if (limit > duration::zero() && detail::elapsed(since_, now) >= limit)
    decide_trials(detail::later(since_, limit));
}

void breaker_machine::open(time_point at) {
  if (state_ == breaker_state::half_open && reopenings_ < std::numeric_limits<unsigned>::max())
    ++reopenings_;
  cooldown_ = grown_cooldown();
  enter(breaker_state::open, at);
}

void breaker_machine::enter(breaker_state to, time_point at) {
  const auto from = std::exchange(state_, to);
  since_ = at;
  ++generation_;
  not_permitted_ = 0;
  late_ = 0;
  leases_.clear();
  failing_published_ = false;
  slow_published_ = false;
  if (passes_all()) {
    reopenings_ = 0;
    cooldown_ = options_.cooldown;
  }
  if (to != breaker_state::open) {
    shown_generation_ = generation_;
    trials_ = {};
    if (times_)
      times_->clear();
    else
      calls_->clear();
    shown_ = to == breaker_state::half_open                                     ? shown::trials
             : to == breaker_state::closed || to == breaker_state::metrics_only ? shown::window
                                                                                : shown::none;
  }
  if (from != to)
    publish(breaker_event_kind::transition, from, at);
}

void breaker_machine::publish(breaker_event_kind kind, breaker_state from, time_point at) {
  const breaker_event e{kind, from, state_, at, {}, {}};
  const auto n = listeners_.size(); // one that is added meanwhile hears of what comes next
  for (std::size_t i = 0; i < n; ++i)
    listeners_[i](e);
}

duration breaker_machine::grown_cooldown() const noexcept {
  const duration cap = std::max(options_.max_cooldown, options_.cooldown);
  if (reopenings_ == 0 || options_.cooldown_factor <= 1.0)
    return options_.cooldown;
  const double grown = static_cast<double>(options_.cooldown.count())
                       * std::pow(options_.cooldown_factor, reopenings_);
  return grown < static_cast<double>(cap.count()) ? duration{static_cast<duration::rep>(grown)}
                                                  : cap;
}

duration breaker_machine::lease_length() const noexcept {
  const duration limit = options_.half_open_max_wait;
  return limit > duration::zero() ? limit : cooldown_;
}

} // namespace troupe
