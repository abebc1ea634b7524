#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <troupe/alert.hpp>
#include <troupe/alert_listener.hpp>
#include <troupe/count.hpp>
#include <troupe/observer.hpp>
#include <troupe/threshold.hpp>

namespace troupe {

namespace detail {
class listener_set;
class monitor_state;
} // namespace detail

struct monitor_options {
  time_span sample_every = std::chrono::seconds{1};
  std::vector<threshold> alert_when{};

  /// Called for every alert, raised or resolved, one at a time, as a listener is. What it throws is
  /// counted and goes no further.
  std::function<void(const alert&)> on_alert{};

  /// Told of every alert, each by an actor of its own: one that is slow or throws costs its own
  /// alerts, and nobody else's.
  std::vector<std::shared_ptr<alert_listener>> listeners{};

  count history = 1024;                      ///< alerts that are kept
  count listener_buffer = 1024;              ///< alerts that wait for a listener, the newest
  time_span keep = std::chrono::minutes{10}; ///< how far back `curves` go; zero: there are none

  /// For how long the end of the monitor waits for listeners that have not been told all.
  time_span drain_limit = std::chrono::seconds{1};
};

/// The metrics of the period that ended at `at`.
struct metrics_at {
  time_point at{};
  graph_metrics metrics{};
};

/// Watches runs: samples their counters, judges rules, tells of alerts.
///
/// ```
/// monitor watch{sys, {.sample_every = 250ms,
///                     .alert_when = {mailbox_depth("book") > 10'000},
///                     .on_alert = [](const alert& a) { std::cerr << a << '\n'; }}};
/// run r = start(sys, flow, watch);
/// ```
///
/// Shape:  one actor, and one with a thread of its own for each listener, of which `on_alert` is
///         one; every run has its own state for each rule about a stage, rules about the process
///         have one. Idle, without a timer, while no run is alive.
/// Bound:  `history` alerts, and `listener_buffer` for each listener (the newest; lost ones are
///         counted), two samples per live run, an alert and a few values for each run, rule and
///         stage, and the last metrics of the 16 runs that ended last. Curves: at most 1,000 points
///         for each of these runs, some 300 bytes a stage and point, nearly nothing while a run is
///         idle: a point a second for 10 minutes is 180 KB a stage.
/// Units:  a sample's own time decides, not the actor's. A run is sampled when it is watched, once
///         per period, and once more when it has ended; its alerts are then resolved with the
///         reason "the run ended". That last, shorter span raises no `<` alert: ending
///         is no failure.
/// Order:  alerts that one sample raises about the same run and root are told together, that of the
///         root itself first.
/// Errors: std::invalid_argument for sample_every <= 0, history or listener_buffer = 0, keep < 0, a
///         listener that is null; std::system_error where there is no thread for one.
/// Cost:   reads what the stages count anyway; the runs send and receive nothing.
class monitor : public observer {
public:
  explicit monitor(caf::actor_system& sys, monitor_options options = {});
  monitor(const monitor&) = delete;
  monitor& operator=(const monitor&) = delete;

  /// Lets go of the runs. Those that are over give their last sample, and their alerts are resolved
  /// with "the run ended"; of the others nothing more is judged, and their open alerts are resolved
  /// with "the monitor ended". Waits until the listeners have been told all there is, at most for
  /// `drain_limit`; the rest is lost. Then only for calls that are under way: afterwards no
  /// listener is called.
  ///
  /// Inside an actor, also in `on_alert`, it does not wait: no call of `on_alert` begins
  /// afterwards, but one may be under way, and the listeners are told the rest within
  /// `drain_limit` by their actors.
  ~monitor() override;

  /// Watches `run` from now until it ends. Callable from any thread, as are all members.
  void watch(std::shared_ptr<const observable> run) override;

  /// The last period of every run: the last ended ones first, then the live ones, in the order in
  /// which they were watched. A live run is here from its first full period on.
  std::vector<graph_metrics> metrics() const;

  /// The periods of the last `keep` of the newest run of this name, oldest first: live, or one of
  /// the 16 that ended last. Where there are too many, every second is left out, or more.
  std::vector<metrics_at> curves(const std::string& run) const;

  /// The newest alerts, oldest first.
  std::vector<alert> history() const;

  /// The alerts that are open, with the latest value.
  std::vector<alert> open_alerts() const;

  /// Alerts that the history had no room for.
  std::uint64_t dropped_alerts() const;

  /// How often `on_alert` threw.
  std::uint64_t callback_errors() const;

  /// What became of the alerts for each of `listeners`, and then for `on_alert`, if there is one.
  std::vector<troupe::listener_stats> listener_stats() const;

private:
  caf::actor_system& sys_;
  const duration drain_limit_;
  std::shared_ptr<detail::listener_set> listeners_; // shared with the actor, as is the next
  std::shared_ptr<detail::monitor_state> state_;
  caf::actor actor_;
};

} // namespace troupe
