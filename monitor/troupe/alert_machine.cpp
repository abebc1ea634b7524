#include <troupe/alert_machine.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe {

alert_machine::alert_machine(threshold rule, std::string run)
    : rule_{std::move(rule)}, run_{std::move(run)} {}

std::optional<alert> alert_machine::feed(time_point now, std::optional<double> value) {
  if (!value || std::isnan(*value))
    return std::nullopt;
  value_ = *value;
  at_ = now;
  // After a step back the old instants lie in the future: what they measure begins again.
  since_ = std::min(since_, now);
  if (resolved_at_)
    resolved_at_ = std::min(*resolved_at_, now);
  if (state_ == state::raised)
    return rule_.recovered_by(value_) ? resolve(now, {}) : std::nullopt;
  if (rule_.breached_by(value_))
    return watch_breach(now);
  state_ = state::quiet;
  return std::nullopt;
}

std::optional<alert> alert_machine::watch_breach(time_point now) {
  if (state_ == state::quiet) {
    state_ = state::pending;
    since_ = now;
  }
  if (detail::elapsed(since_, now) < rule_.options().hold || cooling(now))
    return std::nullopt;
  state_ = state::raised;
  return make_alert(alert_state::raised);
}

std::optional<alert> alert_machine::end(time_point now, std::string reason) {
  if (state_ == state::raised)
    return resolve(now, std::move(reason));
  state_ = state::quiet;
  return std::nullopt;
}

std::optional<alert> alert_machine::open() const {
  if (state_ != state::raised)
    return std::nullopt;
  return make_alert(alert_state::raised);
}

bool alert_machine::cooling(time_point now) const noexcept {
  return resolved_at_ && detail::elapsed(*resolved_at_, now) < rule_.options().cooldown;
}

std::optional<alert> alert_machine::resolve(time_point now, std::string reason) {
  state_ = state::quiet;
  at_ = now;
  resolved_at_ = now;
  auto result = make_alert(alert_state::resolved);
  result.reason = std::move(reason);
  return result;
}

alert alert_machine::make_alert(alert_state what) const {
  return {.state = what,
          .level = rule_.options().level,
          .rule = to_string(rule_),
          .run = run_,
          .stage = rule_.stage(),
          .metric = rule_.metric(),
          .side = rule_.side(),
          .value = value_,
          .limit = rule_.limit(),
          .since = since_,
          .at = at_,
          .reason = {}};
}

} // namespace troupe
