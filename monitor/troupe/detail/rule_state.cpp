#include <troupe/detail/rule_state.hpp>

#include <algorithm>
#include <cmath>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/metric_text.hpp>
#include <troupe/detail/rule_text.hpp>

namespace troupe::detail {

namespace {

using truth = std::optional<bool>;

truth both(truth a, truth b) {
  if (a == false || b == false)
    return false;
  return a && b ? truth{true} : std::nullopt;
}

truth either(truth a, truth b) {
  if (a == true || b == true)
    return true;
  return a && b ? truth{false} : std::nullopt;
}

} // namespace

rule_state::rule_state(const threshold& rule)
    : parts_(rule.conditions().size()), since_(rule.steps().size()) {
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (rule.conditions()[i].is_growth())
      parts_[i].growth.emplace(rule.conditions()[i].window);
}

std::optional<bool> rule_state::feed(const threshold& rule, time_point now,
                                     const rule_reading& reading, bool open) {
  std::vector<truth> stack;
  std::size_t compared = 0;
  for (std::size_t i = 0; i < rule.steps().size(); ++i) {
    const auto& step = rule.steps()[i];
    if (step.what == rule_step::kind::compare) {
      stack.push_back(judge(parts_[compared], rule.conditions()[compared], now, reading, open));
      ++compared;
    } else {
      const auto right = stack.back();
      stack.pop_back();
      stack.back() = step.what == rule_step::kind::both ? both(stack.back(), right)
                                                        : either(stack.back(), right);
    }
    stack.back() = held(i, now, step.hold, stack.back());
  }
  const auto passed = std::find_if(parts_.begin(), parts_.end(), [](auto& p) { return p.passed; });
  if (passed != parts_.end())
    deciding_ = static_cast<std::size_t>(passed - parts_.begin());
  return stack.back();
}

std::optional<bool> rule_state::judge(part& p, const condition& c, time_point now,
                                      const rule_reading& reading, bool open) {
  const auto value = measure(p, c, now, reading);
  if (!value)
    return std::nullopt;
  p.value = *value;
  p.passed = c.breached_by(*value) || (open && p.passed && !c.recovered_by(*value));
  return p.passed;
}

std::optional<double> rule_state::measure(part& p, const condition& c, time_point now,
                                          const rule_reading& reading) {
  auto value = reading.value(c);
  if (!value || std::isnan(*value))
    return std::nullopt;
  if (!p.growth)
    return value;
  const auto grown = p.growth->feed(now, *value);
  // Of less than the window: that it did not grow by enough is not known, that it did is.
  if (!grown.whole && c.side == comparison::below)
    return std::nullopt;
  return grown.value;
}

std::optional<bool> rule_state::held(std::size_t step, time_point now, duration hold, truth is) {
  auto& since = since_[step];
  if (!is)
    return std::nullopt;
  if (!*is) {
    since.reset();
    return false;
  }
  // After a step back the old instant lies in the future: its time begins again.
  since = since ? std::min(*since, now) : now;
  return elapsed(*since, now) >= hold;
}

void rule_state::forget() {
  std::fill(since_.begin(), since_.end(), std::nullopt);
  for (auto& p : parts_) {
    p.passed = false;
    if (p.growth)
      p.growth->forget();
  }
}

std::string rule_state::in_words(const threshold& rule, alert_state what) const {
  const auto& first = rule.conditions().front();
  const bool stalls = first.metric == metric_kind::stalled;
  if (!rule.joined() && stalls)
    return (what == alert_state::raised ? "" : "was ") + subject_of(first);
  if (!rule.joined() && !first.is_growth())
    return {};
  const auto measured = [&](std::size_t i) {
    const auto& c = rule.conditions()[i];
    const auto& value = parts_[i].value;
    return subject_of(c) + " = "
           + (value ? format_value(c.metric, *value, measured_digits) : "unknown");
  };
  const auto limit = [&](std::size_t i) {
    const auto& c = rule.conditions()[i];
    return std::string{" "}
        .append(symbol(c.side))
        .append(" ")
        .append(format_value(c.metric, c.limit, written_digits));
  };
  if (what == alert_state::raised)
    return rule_text(rule, show_holds::no, [&](std::size_t i) { return measured(i) + limit(i); });
  auto text = rule_text(rule, show_holds::no, measured) + ", was";
  if (!rule.joined())
    return text + limit(0);
  return text + " " + rule_text(rule, show_holds::no, [&](std::size_t i) {
           return subject_of(rule.conditions()[i]) + limit(i);
         });
}

} // namespace troupe::detail
