#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/fwd.hpp>

#include <troupe/balancer.hpp>
#include <troupe/flow.hpp>
#include <troupe/metrics.hpp>
#include <troupe/observer.hpp>
#include <troupe/optimizer.hpp>
#include <troupe/report.hpp>
#include <troupe/run.hpp>

namespace troupe {

namespace detail {
class managed_entry;
class manager_state;
} // namespace detail

/// What a manager knows of one of its flows.
enum class managed_status {
  idle,    ///< never started
  running, ///< started, and not over
  stopped, ///< ended because of `stop`
  ended,   ///< ended by itself, all that came delivered or accounted for
  failed,  ///< ended by itself, with an error
};
std::string_view to_string(managed_status s) noexcept;
std::ostream& operator<<(std::ostream& out, managed_status s);

/// Keeps flows by name: starts, stops and restarts them, and says how they are.
///
///     troupe::manager m{sys, watch};
///     m.add("orders", flow);
///     m.start("orders");
///     std::cout << m.metrics("orders").stages.size() << m.status("orders");
///     troupe::report end = m.stop("orders", 5s);
///
/// Shape:  a table; the flows run as `start(sys, flow, watch)` would run them. All members are
///         callable from any thread, those that wait not inside an actor; while one thread stops a
///         flow, the others are not held up.
/// Bound:  one run per name: the one that is running, or the last.
/// Errors: std::invalid_argument for a name that is unknown (it names those that exist), empty or
///         taken. To start what is running and to stop what is not changes nothing: each says how
///         things should be. A flow that fails stays failed until it is started again.
/// Ends:   the destructor drains what still runs, the last added first, each
///         within its `run_options::drain_limit`.
class manager {
public:
  explicit manager(caf::actor_system& sys);
  /// `watch`, e.g. a troupe::monitor, is told of every run that starts; it must
  /// outlive the manager.
  manager(caf::actor_system& sys, observer& watch);
  manager(const manager&) = delete;
  manager& operator=(const manager&) = delete;
  ~manager();

  /// Keeps a flow, and does not start it. `options.watch`, if set, is used instead of the
  /// manager's; without an `options.name` its runs are called `name`.
  void add(std::string name, flow<void> f, run_options options = {});
  /// Drains a flow, as `stop`, and forgets it.
  void remove(const std::string& name, time_span limit = std::chrono::seconds{30});

  void start(const std::string& name);
  /// Drains: the sources stop now, the rest is finished; past the limit it is abandoned, counted.
  /// Answers with the report of this run or, when none is running, of the last; it is empty if
  /// there was none.
  report stop(const std::string& name, time_span limit = std::chrono::seconds{30});
  /// `stop`, then `start`; the report is that of the run that was stopped.
  report restart(const std::string& name, time_span limit = std::chrono::seconds{30});

  /// As `run::on_end`, of the run that is running or, when none is, of the last; before the first,
  /// of that. It may start the flow again, and then ask to be told of that run. By the time the
  /// flow is removed, and in the destructor, its name may be unknown. Forgotten with a flow that
  /// never runs.
  void on_end(const std::string& name, std::function<void(const report&)> f);

  managed_status status(const std::string& name) const;
  /// Of the run that is running, or the last, since it started; without stages if there was none.
  graph_metrics metrics(const std::string& name) const;

  /// What could be changed of the run that is running, the most urgent first; empty where nothing
  /// need be. It looks at what the run did since it was asked last, or a second ago, whichever is
  /// earlier; the first time since the start.
  std::vector<recommendation> recommendations(const std::string& name,
                                              advisor_bounds bounds = {}) const;
  /// Changes the run that is running. Errors: as `recommendation::apply`.
  void apply(const std::string& name, const recommendation& rec);
  /// From now on the flow's run, and each one to come, has an `optimizer` with these options. The
  /// one that it had before is gone, so this must not be called by its `on_step`.
  void optimize(const std::string& name, optimizer_options options);
  /// What that one has changed of the present run, or the last.
  std::vector<optimizer_step> steps(const std::string& name) const;

  /// All names, in the order in which they were added.
  std::vector<std::string> list() const;

  /// A service in front of instances that are alike, as `balance_over`. It belongs to the handle,
  /// and is not in the list.
  template <class Req, class Resp>
  [[nodiscard]] service<Req, Resp> balance(std::string name,
                                           std::vector<service<Req, Resp>> services,
                                           troupe::balance how = troupe::balance::least_loaded) {
    return troupe::balance_over(system(), std::move(name), std::move(services), how);
  }
  template <class Req, class Resp>
  [[nodiscard]] service<Req, Resp>
  balance(std::string name, std::vector<service<Req, Resp>> services, balancer_options options,
          std::function<std::uint64_t(const Req&)> key = {}) {
    return troupe::balance_over(system(), std::move(name), std::move(services), std::move(options),
                                std::move(key));
  }

private:
  caf::actor_system& system() const;
  std::shared_ptr<detail::managed_entry> entry(const std::string& name) const;

  std::unique_ptr<detail::manager_state> state_;
};

} // namespace troupe
