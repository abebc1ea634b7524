#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/breaker_handle.hpp>
#include <troupe/context.hpp>
#include <troupe/flow.hpp>
#include <troupe/metrics.hpp>
#include <troupe/observer.hpp>
#include <troupe/on_error.hpp>
#include <troupe/report.hpp>
#include <troupe/settings.hpp>
#include <troupe/topology.hpp>

namespace troupe {

namespace detail {
class run_handle;
} // namespace detail

struct run_options {
  observer* watch = nullptr; ///< e.g. a troupe::monitor; must outlive the start only
  context ctx = {};          ///< cancelling it, or its deadline, ends the run
  /// Gets the items of stages with on_error::dead_letter, and those of `dead_letters_for`: one at a
  /// time, on the thread that lost the item; a slow one slows that down. One that throws fails the
  /// run. What it causes to be lost itself is counted, and not shown to it.
  std::function<void(const dead_letter&)> dead_letters = {};
  loss dead_letters_for = loss::none; ///< e.g. loss::dropped | loss::shed, or loss::all
  time_span drain_limit = std::chrono::seconds{30}; ///< for the destructor
  /// In its metrics, alerts and dead letters, where more than one run can be meant. A manager and
  /// `serve` give theirs.
  std::string name = {};
};

/// A flow that has been started: the owner of its actors.
///
///     troupe::run r = troupe::start(sys, flow);
///     troupe::report end = r.wait();
///
/// Ends:   wait: when the sources end and all is delivered. drain: sources stop now, the rest is
///         finished within the limit, what is left then is abandoned. stop: abandoned now. Each may
///         be called again, and answers with the same report. When one has answered, the run's
///         actors, items and functions are gone, with all that they captured; the report, the last
///         metrics and the topology stay, and no actor system is needed any more. The destructor
///         drains; while an exception passes it stops.
/// Bound:  `topology().item_bound()` items.
/// Errors: std::logic_error for an empty (moved-from) run, and for a call that waits (wait,
///         wait_for, drain, stop) inside an actor, a stage's function say: the run may need that
///         thread to end. The destructor does not wait there: the run drains on its own, within its
///         limit. (Not known, and so not refused: a CAF actor of yours that has a thread of its
///         own.) What goes wrong while running is in the report.
/// Note:   the calls that wait block the calling thread. Under CAF's testing scheduler they drive
///         it, in virtual time.
class run {
public:
  run() noexcept;
  explicit run(std::unique_ptr<detail::run_handle> handle) noexcept;
  run(run&&) noexcept;
  run& operator=(run&&) noexcept;
  ~run();

  report wait();
  /// Empty if the run has not ended within `limit`.
  std::optional<report> wait_for(time_span limit);
  report drain(time_span limit = std::chrono::seconds{30});
  report stop();
  bool done() const;

  /// Calls `f` once with the report when the run has ended, in an actor of its own: it must not
  /// wait. `wait`, `drain`, `stop` and the destructor answer when it has returned and is gone, with
  /// all that it captured; in `f` itself they do not wait. May be called more than once. After the
  /// end `f` is called here and now.
  ///
  /// Errors: std::invalid_argument for an empty function. What `f` throws becomes the error of the
  ///         report that `wait` answers with, if it has none; of a call here and now it comes out.
  /// Cost:   an actor until the end.
  void on_end(std::function<void(const report&)> f) const;

  /// Since the start. Errors: std::invalid_argument for an unknown stage.
  stage_metrics metrics(const std::string& stage) const;
  graph_metrics metrics() const;
  /// The same since the last `rates()` of this run, the first time since the start: for who prints
  /// figures again and again. `metrics()` are means over all of the past.
  graph_metrics rates();
  /// Which stage waits for which, since when, and whom all of them wait for: "receipts waits for
  /// ledger: its buffer of 1,024 is full for 4.2 s; ledger is in its function for 4.2 s, item
  /// 12,345". See `stall`. Of a flow that moves it is what determines the pace.
  std::string why() const;
  const troupe::topology& topology() const;

  /// The outermost circuit_breaker of a stage that is a `call`; empty where there is none. Errors:
  /// std::invalid_argument for an unknown stage.
  breaker_handle breaker(const std::string& stage) const;

  /// Changes a stage while it runs. What is in flight is neither lost nor repeated, and order
  /// stays; a worker that is no longer needed rests. Errors: std::invalid_argument for what the
  /// stage does not have, or a value out of range; std::system_error for more workers than
  /// config::limits has room for.
  /// Once the run is over, what is wrong is refused as ever, and nothing else happens.
  void configure(const std::string& stage, const settings& s);

  /// The stage takes up no further item until `resume`; what waits, waits. Callable any time.
  void pause(const std::string& stage);
  void resume(const std::string& stage);

private:
  friend const detail::run_handle& handle_of(const run& r);
  friend void drain_unattended(run r, duration limit) noexcept;
  detail::run_handle& handle() const;

  std::unique_ptr<detail::run_handle> handle_;
};

/// Starts a flow: spawns its actors and lets them go. The run must end before the actor system,
/// whose destructor waits for it: declare the handle behind the actor system, or, of a flow that
/// does not end by itself, both stand still.
///
/// Errors: std::invalid_argument for an empty flow; std::system_error where config::limits would be
///         passed (the text names the stage, how many it asks for, how many there are and the
///         limit), or where there is no thread for a stage with thread::own: then nothing of the
///         run is left. A context that is over lets no function run: the report says why.
[[nodiscard]] run start(caf::actor_system& sys, const flow<void>& f, run_options options = {});
[[nodiscard]] run start(caf::actor_system& sys, const flow<void>& f, observer& watch,
                        const context& ctx = {});

namespace detail {
template <class T>
concept open_item = !std::is_void_v<T>;
} // namespace detail

template <detail::open_item T, class... More>
run start(caf::actor_system&, const flow<T>&, More&&...) {
  // A flow<invalid> has had its error.
  static_assert(std::same_as<T, detail::invalid>,
                "troupe: this flow has no sink; end it with sink, collect, "
                "write_lines or ignore");
  return {};
}

template <class T, class... More>
run start(caf::actor_system&, const lanes<T>&, More&&...) {
  static_assert(std::same_as<T, detail::invalid>,
                "troupe: a fan_in is missing; lanes must be merged by fan_in and end in a sink");
  return {};
}

/// As `drain`, and does not wait. Nothing happens when it is over.
void begin_drain(const run& r, duration limit) noexcept;

/// Lets a run go on its own: its sources end now, the rest is finished within the limit, and nobody
/// waits for it.
void drain_unattended(run r, duration limit) noexcept;

namespace detail {

class run_state;
std::shared_ptr<run_state> state_of(const run& r);

/// For tests: the actors that run a stage's function.
std::vector<caf::actor> actors_of(const run& r, const std::string& stage);
/// For tests: every actor of the run, distributors, mergers and the supervisor included.
std::vector<caf::actor> actors_of(const run& r);

} // namespace detail

} // namespace troupe
