#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/policy/advisor.hpp>

namespace troupe {

/// Whether an optimizer does what it recommends.
enum class applying {
  by_hand,       ///< no: it only looks
  automatically, ///< what can be changed while the flow runs
};

/// How a step of an optimizer went.
enum class step_state {
  measuring,  ///< it is not known yet
  kept,       ///< it did what was expected
  taken_back, ///< it did not
};
std::string_view to_string(step_state s) noexcept;

/// What an optimizer has changed, and what came of it.
struct optimizer_step {
  std::uint64_t number = 1;
  time_point at{}; ///< when it was applied
  std::string run{};
  std::vector<recommendation> changes{};
  before_after<double> predicted{}; ///< items a second that the sources give together
  double measured = 0;              ///< the same afterwards, once it is known
  step_state state = step_state::measuring;
  std::string why{}; ///< it was taken back, or kept though less came than was predicted
};
/// "step 1: ledger: workers = 4 instead of 1: 100 -> 400 items/s predicted, 396 measured: kept"
std::string to_string(const optimizer_step& step);
std::ostream& operator<<(std::ostream& out, const optimizer_step& step);

struct optimizer_options {
  applying apply = applying::by_hand;
  advisor_bounds bounds{};
  /// How long a flow is looked at before something is said or done, and again after each step, at
  /// least twice.
  time_span measure_for = std::chrono::seconds{10};
  /// Share of the predicted gain without which a step is taken back.
  double must_reach = 0.25;
  /// What was taken back is not tried again for so long.
  time_span try_again = std::chrono::minutes{10};
  count log = 256; ///< steps that are kept
  /// Called for each step twice, when it is applied and when it is known how it went. It runs
  /// in the optimizer's actor, must not destroy the optimizer, and what it throws is ignored.
  std::function<void(const optimizer_step&)> on_step{};
};

/// Decides when to change a running flow, and whether that did what was expected, or is to be
/// taken back.
///
/// ```
/// optimizer_machine m{forms, {.apply = applying::automatically}};
/// for (const auto& change : m.feed(r.sample()))
///   r.configure(change.stage, change.to);
/// ```
///
/// Shape:  a plain value, no clock: the samples have the time. A step is all that the advisor
///         recommends at once, so that stages that limit each other need one step, and not one
///         each. Its effect is measured when two periods in a row agree, or after four. Where a
///         step of several changes had to be taken back, the next ones are tried alone.
/// Bound:  the samples of a period, `log` steps.
/// Units:  what gives less because the sources had no more to give is kept.
/// Errors: std::invalid_argument from the constructor for an option out of range.
class optimizer_machine {
public:
  struct change {
    std::string stage{};
    settings to{};
  };

  optimizer_machine(std::vector<stage_form> forms, optimizer_options options);

  /// What is to be changed now. Samples that are not newer than the last are ignored.
  std::vector<change> feed(const graph_sample& sample);

  /// What it would recommend, from the last period; of a flow that it has only begun to look at,
  /// from what there is.
  advice look() const;
  /// Oldest first.
  const std::deque<optimizer_step>& log() const noexcept { return log_; }
  /// Which are enough to see who waits how often.
  duration sample_every() const noexcept;

private:
  std::vector<change> begin_step(const advice& found, time_point now);
  std::vector<change> judge(double measured, time_point now);
  std::vector<change> take_back(optimizer_step& step, time_point now);
  bool is_measured(double throughput);
  bool is_period() const;
  void begin_period();
  advisor advisor_at(time_point now) const;

  std::vector<stage_form> forms_;
  optimizer_options options_;
  std::vector<graph_sample> period_;
  std::deque<optimizer_step> log_;
  std::uint64_t steps_ = 0;
  bool measuring_ = false;
  std::size_t periods_ = 0;                  ///< since the step was applied
  double last_ = 0;                          ///< throughput of the last of these
  std::map<std::string, time_point> barred_; ///< stages, and until when they are left alone
  std::optional<time_point> careful_until_;  ///< one change a step
};

} // namespace troupe
