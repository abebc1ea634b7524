#include <troupe/alert_machine.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <troupe/detail/elapsed.hpp>

namespace troupe {

namespace {

class one_value final : public rule_reading {
public:
  explicit one_value(std::optional<double> value) : value_{value} {}
  std::optional<double> value(const condition& /*only*/) const override { return value_; }

private:
  std::optional<double> value_;
};

} // namespace

alert_machine::alert_machine(threshold rule, std::string run)
    : rule_{std::move(rule)}, values_{rule_}, run_{std::move(run)} {}

std::optional<alert> alert_machine::feed(time_point now, std::optional<double> value) {
  return feed(now, one_value{value});
}

std::optional<alert> alert_machine::feed(time_point now, const rule_reading& reading) {
  const auto breached = values_.feed(rule_, now, reading, state_ == state::raised);
  if (!breached)
    return std::nullopt;
  at_ = now;
  // After a step back the old instants lie in the future: what they measure begins again.
  since_ = std::min(since_, now);
  if (resolved_at_)
    resolved_at_ = std::min(*resolved_at_, now);
  if (state_ == state::raised)
    return *breached ? std::nullopt : resolve(now, {});
  if (!*breached) {
    state_ = state::quiet;
    return std::nullopt;
  }
  auto said = watch_breach(now);
  if (said)
    said->root = root_ = reading.root_of(said->stage);
  return said;
}

std::optional<alert> alert_machine::watch_breach(time_point now) {
  if (state_ == state::quiet) {
    state_ = state::pending;
    since_ = first_seen(now);
  }
  if (detail::elapsed(since_, now) < rule_.options().hold || cooling(now))
    return std::nullopt;
  state_ = state::raised;
  return make_alert(alert_state::raised);
}

// The value of a stall is how long it has lasted.
time_point alert_machine::first_seen(time_point now) const noexcept {
  if (rule_.joined() || rule_.metric() != metric_kind::stalled)
    return now;
  return detail::earlier(
      now, detail::saturated(std::chrono::duration<double>{std::max(0.0, values_.value())}));
}

std::optional<alert> alert_machine::end(time_point now, std::string reason) {
  values_.forget();
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
  root_.clear();
  return result;
}

alert alert_machine::make_alert(alert_state what) const {
  const auto& c = rule_.conditions()[values_.deciding()];
  return {.state = what,
          .level = rule_.options().level,
          .rule = to_string(rule_),
          .run = run_,
          .stage = c.stage.name(),
          .metric = c.metric,
          .side = c.side,
          .value = values_.value(),
          .limit = c.limit,
          .since = since_,
          .at = at_,
          .reason = {},
          .root = root_,
          .summary = rule_.summary(),
          .runbook = rule_.runbook(),
          .measured = values_.in_words(rule_, what)};
}

} // namespace troupe
