#include <troupe/threshold.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>
#include <utility>

#include <troupe/detail/metric_text.hpp>
#include <troupe/detail/metric_value.hpp>
#include <troupe/detail/rule_text.hpp>

namespace troupe {

namespace {

using detail::unit;
using detail::unit_of;
using detail::written_digits;

std::string valid_limits(const condition& c) {
  const bool share = unit_of(c.metric) == unit::share;
  if (c.is_growth())
    return share ? "-1..1" : "a finite value";
  return share ? "0..1" : "a finite value >= 0";
}

bool is_valid_limit(const condition& c) {
  const bool share = unit_of(c.metric) == unit::share;
  return std::isfinite(c.limit) && (c.limit >= 0 || c.is_growth())
         && (!share || std::abs(c.limit) <= 1);
}

const std::string& first_given(const std::string& a, const std::string& b) {
  return a.empty() ? b : a;
}

} // namespace

std::string_view to_string(severity level) noexcept {
  return level == severity::warning ? "warning" : "critical";
}

threshold::threshold(metric_kind metric, std::string stage, comparison side, double limit)
    : threshold{
        condition{.metric = metric, .stage = std::move(stage), .side = side, .limit = limit}} {}

threshold::threshold(condition only) : steps_(1) {
  detail::check_subject(only);
  conditions_.push_back(std::move(only));
  options_.hysteresis = first().hysteresis;
  if (!is_valid_limit(first()))
    refuse("threshold", detail::format_value(first().metric, first().limit, written_digits),
           valid_limits(first()));
  check_hysteresis(first().hysteresis);
}

threshold threshold::for_at_least(time_span d) const {
  auto copy = *this;
  if (!joined() && metric() == metric_kind::stalled) {
    copy.conditions_.front().limit = std::chrono::duration<double>(d.value()).count();
    if (d <= duration::zero())
      refuse("for_at_least", detail::format_duration(d, written_digits), "more than 0s");
    return copy;
  }
  if (d < duration::zero())
    refuse("for_at_least", detail::format_duration(d, written_digits), "0s or more");
  copy.options_.hold = d;
  return copy;
}

threshold threshold::cooldown(time_span d) const {
  if (d < duration::zero())
    refuse("cooldown", detail::format_duration(d, written_digits), "0s or more");
  auto copy = *this;
  copy.options_.cooldown = d;
  return copy;
}

threshold threshold::hysteresis(double share) const {
  check_hysteresis(share);
  auto copy = *this;
  copy.options_.hysteresis = share;
  copy.conditions_.front().hysteresis = share;
  return copy;
}

void threshold::check_hysteresis(double share) const {
  const auto given = detail::format_number(share, written_digits);
  if (share == 0)
    return;
  if (joined())
    refuse("hysteresis", given, "to be that of a part");
  if (unit_of(metric()) == unit::state || metric() == metric_kind::stalled)
    refuse("hysteresis", given, "none: states are apart");
  // An alert about a share that would have to rise above 1 could never be resolved.
  const bool capped = unit_of(metric()) == unit::share && side() == comparison::below
                      && !first().is_growth() && limit() > 0;
  const auto most = capped ? std::min(1.0, 1 / limit() - 1) : 1.0;
  if (!(share >= 0 && share <= most))
    refuse("hysteresis", given, "0.." + detail::format_number(most, 3));
}

threshold threshold::warning() const {
  auto copy = *this;
  copy.options_.level = severity::warning;
  return copy;
}

threshold threshold::critical() const {
  auto copy = *this;
  copy.options_.level = severity::critical;
  return copy;
}

threshold threshold::run(std::string pattern) const {
  if (pattern.empty())
    refuse("run", "\"\"", "a name, in which * and ? stand for others");
  auto copy = *this;
  copy.run_ = std::move(pattern);
  return copy;
}

threshold threshold::summary(std::string text) const {
  auto copy = *this;
  copy.summary_ = std::move(text);
  return copy;
}

threshold threshold::runbook(std::string where) const {
  auto copy = *this;
  copy.runbook_ = std::move(where);
  return copy;
}

threshold threshold::join(const threshold& a, const threshold& b, rule_step::kind how) {
  auto all = a;
  all.steps_.back().hold = a.options_.hold;
  all.conditions_.insert(all.conditions_.end(), b.conditions_.begin(), b.conditions_.end());
  all.steps_.insert(all.steps_.end(), b.steps_.begin(), b.steps_.end());
  all.steps_.back().hold = b.options_.hold;
  all.steps_.push_back({.what = how});
  all.options_ = {.level = std::max(a.options_.level, b.options_.level),
                  .cooldown = std::max(a.options_.cooldown, b.options_.cooldown)};
  if (!a.run_.empty() && !b.run_.empty() && a.run_ != b.run_)
    all.refuse("run", "\"" + a.run_ + "\" and \"" + b.run_ + "\"", "one pattern for all of it");
  all.run_ = first_given(a.run_, b.run_);
  all.summary_ = first_given(a.summary_, b.summary_);
  all.runbook_ = first_given(a.runbook_, b.runbook_);
  return all;
}

threshold operator&&(const threshold& a, const threshold& b) {
  return threshold::join(a, b, rule_step::kind::both);
}

threshold operator||(const threshold& a, const threshold& b) {
  return threshold::join(a, b, rule_step::kind::either);
}

bool threshold::process_wide() const noexcept {
  return run_.empty() && std::all_of(conditions_.begin(), conditions_.end(), [](const auto& c) {
           return detail::is_process_wide(c.metric);
         });
}

bool threshold::about_any_stage() const noexcept {
  return std::any_of(conditions_.begin(), conditions_.end(),
                     [](const auto& c) { return c.stage.any(); });
}

threshold threshold::about(const std::string& stage) const {
  auto copy = *this;
  for (auto& c : copy.conditions_)
    if (c.stage.any())
      c.stage = stage;
  return copy;
}

std::optional<double> threshold::value_in(const graph_metrics& graph) const {
  return detail::metric_value(first(), graph);
}

void threshold::refuse(std::string_view option, std::string_view value,
                       std::string_view valid) const {
  throw std::invalid_argument("rule " + to_string(*this) + ": " + std::string{option} + " = "
                              + std::string{value} + ", needs " + std::string{valid});
}

std::string to_string(const threshold& rule) {
  auto text = detail::rule_text(rule, detail::show_holds::yes,
                                [&](std::size_t i) { return to_string(rule.conditions()[i]); });
  if (rule.options().hold > duration::zero()) {
    if (rule.joined())
      text = "(" + text + ")";
    text += " for " + detail::format_duration(rule.options().hold, written_digits);
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const threshold& rule) {
  return out << to_string(rule);
}

} // namespace troupe
