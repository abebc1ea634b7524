#pragma once

#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <troupe/policy/optimizer_machine.hpp>
#include <troupe/run.hpp>

namespace troupe {

namespace detail {
class optimizer_state;
}

/// Looks at a run, says what to change of it and, if it may, does it.
///
/// ```
/// run r = start(sys, flow);
/// optimizer better{r, {.apply = applying::automatically, .bounds = {.most_workers = 16}}};
/// r.wait();
/// for (const optimizer_step& step : better.log())
///   std::cout << step << '\n';
/// ```
///
/// Shape:  one actor, which samples the run eight times in `measure_for` and ends with it. Every
///         step is measured, and taken back where it did not come true; what a run is composed of
///         it cannot change, and only says.
/// Bound:  the samples of one period, `log` steps; no stage gets more than `bounds.most_workers`.
/// Units:  items a second that the sources give together. Under CAF's testing scheduler its time
///         is virtual.
/// Errors: std::invalid_argument for an option out of range, std::logic_error for an empty run.
/// Cost:   as a monitor's: it reads what the stages count anyway.
class optimizer {
public:
  explicit optimizer(const run& r, optimizer_options options = {});
  optimizer(const optimizer&) = delete;
  optimizer& operator=(const optimizer&) = delete;
  /// Ends the actor; what it has applied stays. Waits for no more than a call of `on_step` that is
  /// under way. The run may have ended, and be gone; the actor system may not.
  ~optimizer();

  /// What it would change now, from what the run did in the last period.
  troupe::advice advice() const;
  /// What it has changed, and what came of it, oldest first.
  std::vector<optimizer_step> log() const;

private:
  caf::actor_system& sys_;
  std::shared_ptr<detail::optimizer_state> state_; // shared with the actor
  caf::actor actor_;
};

/// What is known of a run's stages besides their numbers: for an `advisor` of one's own.
std::vector<stage_form> forms_of(const run& r);
/// `bounds` with what is not given: the threads of the run's scheduler, the processors there are.
advisor_bounds bounds_for(const run& r, advisor_bounds bounds = {});

} // namespace troupe
