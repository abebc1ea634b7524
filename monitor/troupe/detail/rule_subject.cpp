#include <troupe/detail/rule_subject.hpp>

#include <stdexcept>
#include <string>

#include <troupe/detail/metric_text.hpp>

namespace troupe::detail {

void check_subject(const condition& c) {
  const auto& name = c.stage.name();
  if (!c.stage.any() && is_process_wide(c.metric) == name.empty())
    return;
  if (c.stage.any() && !is_process_wide(c.metric))
    return;
  throw std::invalid_argument("rule " + format_subject(c.metric, c.stage)
                              + ": stage = " + (c.stage.any() ? "any_stage" : "\"" + name + "\"")
                              + (is_process_wide(c.metric) ? ", needs none: it is about the process"
                                                           : ", needs the name of a stage"));
}

condition growing(condition c, time_span window) {
  const auto refuse = [&](const std::string& given, const char* valid) {
    throw std::invalid_argument("rule growth(" + subject_of(c) + "): per = " + given + ", needs "
                                + valid);
  };
  const auto given = format_duration(window, written_digits);
  if (c.is_growth())
    refuse(given, "a metric, not a growth");
  if (window <= duration::zero())
    refuse(given, "more than 0s");
  c.window = window;
  return c;
}

} // namespace troupe::detail
