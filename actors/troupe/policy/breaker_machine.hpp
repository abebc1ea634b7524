#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include <troupe/error.hpp>
#include <troupe/policy/breaker_event.hpp>
#include <troupe/policy/circuit_breaker.hpp>
#include <troupe/policy/outcome_window.hpp>

namespace troupe {

namespace detail {
class shared_breaker;
} // namespace detail

/// The right to make one call, in the period of the state that gave it.
class permit {
public:
  friend bool operator==(const permit&, const permit&) = default;

private:
  friend class breaker_machine;
  friend class detail::shared_breaker;
  std::uint64_t generation_ = 0;
  std::uint64_t trial_ = 0; // half_open's number for it, from 1
};

/// Decides which calls may be made, from how earlier ones ended.
///
///     troupe::breaker_machine m{{.window = troupe::last_calls(50), .minimum_calls = 10}};
///     if (std::optional<troupe::permit> p = m.admit(now))
///       m.record(p, succeeded ? outcome::success : outcome::failure, took, later);
///     else
///       wait(m.retry_after(now));
///
/// Shape:  a plain value, no clock and no threads.
///         closed: every recorded outcome, success included, is followed by a decision once
///         `minimum_calls` are in the window (of a window of calls: at most its size). It opens
///         when either rate is at or above its threshold.
///         open: refuses for the cooldown. The first call at or after its end makes it half_open.
///         half_open: gives `trials` permits and decides after min(minimum_calls, trials) outcomes:
///         below both thresholds it closes with metrics zeroed, else it opens. Undecided after
///         `half_open_max_wait` it decides as of that instant on the outcomes that there are; it
///         opens if there is none.
///         forced_open for a time: the first call at or after its end makes it half_open.
///         The cooldown is multiplied by its factor for each opening out of half_open in a row.
///         A permit is good for the state that gave it: a later outcome moves no state, and is
///         counted as late; until open ends, those it opened on show it in their window, too.
///         An ignored or released permit can be given again. So can one of half_open that is a
///         lease too old: after `half_open_max_wait`, or the cooldown if that is zero.
/// Bound:  the window's, and a lease for each trial under way.
/// Units:  `now` may step back: nothing is admitted early by that, a wait becomes longer by at most
///         its own length, and a step longer than that begins it anew.
/// Errors: std::invalid_argument from the constructor. Listeners are called when the change is
///         complete; what they throw comes out of the call that caused it.
/// Cost:   constant, but for `record` in half_open: logarithmic in the trials, then linear.
/// Source: Resilience4j's CircuitBreakerStateMachine. Other than there: it admits at the end of a
///         cooldown and not after it; outcomes of another period move no state; refused calls are
///         counted for each period apart; half_open may be chosen in any state; a transition into
///         open is one event, without one for the threshold; refusals are counted, not published.
class breaker_machine {
public:
  using listener = std::function<void(const breaker_event&)>;

  explicit breaker_machine(circuit_breaker options = {});

  /// Nothing: the call is refused.
  std::optional<permit> admit(time_point now);

  /// How the call ended; no permit, no effect. A permit is recorded once.
  void record(const permit& p, outcome o, time_span took, time_point now);
  void record(const std::optional<permit>& p, outcome o, time_span took, time_point now) {
    if (p)
      record(*p, o, took, now);
  }

  /// Gives the permit back: the call was not made, or says nothing.
  void release(const permit& p, time_point now);
  void release(const std::optional<permit>& p, time_point now) {
    if (p)
      release(*p, now);
  }

  /// Not const: half_open may be over by now.
  breaker_state state(time_point now);
  /// How long it will refuse at the most, as far as that is known: the rest of the cooldown, of a
  /// forced_open for a time, or of a half_open all of whose permits are out. Else zero: it does not
  /// refuse, or waiting may not help.
  duration retry_after(time_point now);
  breaker_snapshot snapshot(time_point now);

  /// By hand. The state begins anew, also if it is the present one; each ends with the next of
  /// these calls, half_open also by itself.
  void force_open(time_point now);
  /// As a cooldown of this length: it ends by itself. Throws std::invalid_argument below 1 ns.
  void force_open(time_point now, time_span for_how_long);
  void disable(time_point now);
  void metrics_only(time_point now);
  void half_open(time_point now);
  /// Closed, with metrics zeroed and the first cooldown.
  void reset(time_point now);

  /// One more listener, if it is not empty.
  void on_event(listener f) {
    if (f)
      listeners_.push_back(std::move(f));
  }

  /// The permit that `admit` gives to everyone as long as the present state lasts, if it is one
  /// that lets all calls pass.
  std::optional<permit> standing_permit() const noexcept;

  const circuit_breaker& options() const noexcept { return options_; }

private:
  struct lease {
    std::uint64_t trial;
    time_point given;
  };
  struct verdict {
    bool failing = false;
    bool slow = false;
  };

  void advance(time_point now);
  bool passes_all() const noexcept {
    return state_ == breaker_state::closed || state_ == breaker_state::disabled
           || state_ == breaker_state::metrics_only;
  }
  void change(breaker_state to, time_point now);
  void enter(breaker_state to, time_point at);
  void open(time_point at);
  void publish(breaker_event_kind kind, breaker_state from, time_point at);
  std::optional<permit> admit_trial(time_point now);
  /// All permits are out, and none is a lease too old.
  bool trials_are_out(time_point now) const noexcept;
  /// Of open and forced_open; empty: they do not end by themselves, or it is another state.
  std::optional<duration> refuses_for() const noexcept;
  bool end_lease(const permit& p);
  void record_late(const permit& p, const tally& t, time_point now);
  void record_trial(const tally& t, time_point now);
  void decide_trials(time_point at);
  void record_call(const tally& t, time_point now);
  void add(const tally& t, time_point now);
  const tally& sum(time_point now);
  std::uint64_t minimum() const noexcept;
  verdict judge(const tally& t) const noexcept;
  verdict rates(const tally& t) const noexcept;
  duration grown_cooldown() const noexcept;
  duration lease_length() const noexcept;

  circuit_breaker options_;
  std::uint64_t minimum_calls_;
  std::uint64_t needed_trials_;

  breaker_state state_ = breaker_state::closed;
  std::uint64_t generation_ = 1;
  time_point since_{};
  duration cooldown_;
  duration forced_for_ = duration::max(); // forced_open; the maximum: until told otherwise
  unsigned reopenings_ = 0;               // out of half_open, since it was closed last

  std::optional<call_window> calls_; // one of these two
  std::optional<time_window> times_;
  tally trials_;
  std::deque<lease> leases_; // oldest first
  std::uint64_t last_trial_ = 0;

  // Whose outcomes `snapshot` shows: open goes on with what it opened on.
  enum class shown { window, trials, none };
  shown shown_ = shown::window;
  std::uint64_t shown_generation_ = 1;

  std::uint64_t not_permitted_ = 0;
  std::uint64_t late_ = 0;
  bool failing_published_ = false;
  bool slow_published_ = false;

  std::deque<listener> listeners_; // stays in place when a listener adds one
};

} // namespace troupe
