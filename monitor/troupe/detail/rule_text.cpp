#include <troupe/detail/rule_text.hpp>

#include <utility>
#include <vector>

#include <troupe/detail/metric_text.hpp>

namespace troupe::detail {

namespace {

/// What has been written so far of a part.
struct written {
  std::string text;
  int binds; ///< how strongly: `for` least, then ||, &&, and a comparison most
};

enum binding : int { by_for, by_either, by_both, by_itself };

std::string inside(const written& w, int outer) {
  return w.binds < outer ? "(" + w.text + ")" : w.text;
}

} // namespace

std::string rule_text(const threshold& rule, show_holds holds,
                      const std::function<std::string(std::size_t)>& part) {
  std::vector<written> stack;
  std::size_t compared = 0;
  for (const auto& step : rule.steps()) {
    if (step.what == rule_step::kind::compare) {
      const bool has_for
          = rule.conditions()[compared].metric == metric_kind::stalled && holds == show_holds::yes;
      stack.push_back({part(compared), has_for ? by_for : by_itself});
      ++compared;
    } else {
      const bool both = step.what == rule_step::kind::both;
      const auto outer = both ? by_both : by_either;
      const auto right = std::move(stack.back());
      stack.pop_back();
      stack.back()
          = {inside(stack.back(), outer) + (both ? " && " : " || ") + inside(right, outer), outer};
    }
    if (holds == show_holds::yes && step.hold > duration::zero())
      stack.back()
          = {inside(stack.back(), by_itself) + " for " + format_duration(step.hold, written_digits),
             by_for};
  }
  return stack.back().text;
}

} // namespace troupe::detail
