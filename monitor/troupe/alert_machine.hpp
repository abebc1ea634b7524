#pragma once

#include <optional>
#include <string>

#include <troupe/alert.hpp>
#include <troupe/detail/rule_state.hpp>
#include <troupe/rule_reading.hpp>

namespace troupe {

/// Decides from a rule and a series of values when an alert begins and ends.
///
/// ```
/// alert_machine m{(mailbox_depth("book") > 100).for_at_least(2s)};
/// m.feed(t0, 150);       // nothing: not for long enough
/// m.feed(t0 + 2s, 130);  // raised, since t0
/// m.feed(t0 + 3s, 100);  // resolved: exactly at the limit is not above it
/// ```
///
/// Shape:  (now, values) -> nothing, raised or resolved; each alert is raised once, resolved once.
/// Bound:  one alert, a value and a time for each part of the rule, and 62 points for a growth,
///         whatever is fed.
/// Units:  `now` is any steady clock; one that steps back can only make an alert later.
class alert_machine {
public:
  enum class state {
    quiet,   ///< within the limit
    pending, ///< beyond it, but not long enough, or still in the cooldown
    raised,  ///< an alert is open
  };

  /// `run`: whose alerts they are, if it has a name.
  explicit alert_machine(threshold rule, std::string run = {});

  /// Judges one sample. Without a value (or with NaN) nothing is known, and nothing changes: a
  /// stage that did no work is neither well again nor worse. Of a joined rule that goes for the
  /// whole: where one part is not known, the others may still decide.
  std::optional<alert> feed(time_point now, const rule_reading& reading);
  /// The same for a rule with one comparison.
  std::optional<alert> feed(time_point now, std::optional<double> value);

  /// What was measured is gone: forgets a pending breach, and resolves an open
  /// alert with `reason`.
  std::optional<alert> end(time_point now, std::string reason);

  const threshold& rule() const noexcept { return rule_; }
  state current() const noexcept { return state_; }

  /// The open alert with the latest value, if there is one.
  std::optional<alert> open() const;

private:
  std::optional<alert> watch_breach(time_point now);
  time_point first_seen(time_point now) const noexcept;
  bool cooling(time_point now) const noexcept;
  alert make_alert(alert_state what) const;
  std::optional<alert> resolve(time_point now, std::string reason);

  threshold rule_;
  detail::rule_state values_;
  std::string run_;
  std::string root_; // of the alert that is open
  state state_ = state::quiet;
  time_point since_{}; // of the breach; pending and raised only
  time_point at_{};    // of the values
  std::optional<time_point> resolved_at_;
};

} // namespace troupe
