#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/settings.hpp>
#include <troupe/time_span.hpp>

namespace troupe {

/// What a recommendation is about.
enum class advice_type {
  workers,  ///< how many actors run a stage's function
  buffer,   ///< how many items may wait before it
  batch,    ///< how many items it is handed at a time
  fused,    ///< several functions in one actor
  dispatch, ///< how its input is dealt out
  merge,    ///< how its inputs are brought together
  rate,     ///< what its rate lets in
  breaker,  ///< what it calls fails
  memory,   ///< what waits takes too much of it
};
std::string_view to_string(advice_type type) noexcept;

/// Why a flow gives no more than it does.
enum class limit_cause {
  source,       ///< its sources give no more
  function,     ///< a stage's function, which more workers could run
  one_worker,   ///< a stage's function, which cannot be run by more workers
  most_workers, ///< a stage has as many workers as it may have
  rate,         ///< a rate limit
  breaker,      ///< a circuit breaker lets little in
  hops,         ///< it takes longer to pass items on than a stage's function takes
  cores,        ///< the processors, or the threads of the scheduler, are busy
  memory,       ///< there is no memory for more workers
};
std::string_view to_string(limit_cause cause) noexcept;

/// What holds a flow to its rate.
struct flow_limit {
  limit_cause cause = limit_cause::source;
  std::string stage{}; ///< empty: none in particular

  friend bool operator==(const flow_limit&, const flow_limit&) = default;
};
/// "ledger has one worker", "the sources give no more".
std::string to_string(const flow_limit& limit);

template <class T>
struct before_after {
  T before{};
  T after{};
};

/// What a flow does, and would do.
struct expectation {
  before_after<double> throughput{};    ///< items a second that its sources give together
  before_after<duration> latency{};     ///< mean time from the sources to the end
  before_after<std::uint64_t> memory{}; ///< resident bytes of the process
};

/// One thing that could be changed of a running flow.
///
/// ```
/// for (const recommendation& rec : m.recommendations("orders"))
///   if (rec.settings)
///     rec.apply(r);
/// ```
///
/// Units:  `expected` of one about workers is what comes of it and of those about workers before it
///         in their list; of another, what comes of it alone.
struct recommendation {
  std::string run{}; ///< its name, if it was given one
  std::string stage{};
  advice_type type = advice_type::workers;
  int priority = 1;       ///< 1..10, the most urgent
  std::string change{};   ///< "workers = 4 instead of 1"
  std::string evidence{}; ///< in numbers
  expectation expected{};
  /// What `run::configure` would be told, and what it had better be told if that does not help;
  /// empty: the flow has to be composed anew.
  std::optional<troupe::settings> settings{};
  std::optional<troupe::settings> undo{};

  /// For a `run`, while it runs. Errors: std::logic_error where `settings` is empty; for the rest
  /// as `run::configure`.
  template <class Run>
  void apply(Run& r) const {
    r.configure(stage, needed(settings));
  }
  template <class Run>
  void take_back(Run& r) const {
    r.configure(stage, needed(undo));
  }

private:
  const troupe::settings& needed(const std::optional<troupe::settings>& s) const {
    if (!s)
      throw std::logic_error("recommendation: \"" + stage
                             + "\" has to be composed anew: " + change);
    return *s;
  }
};
/// In one line.
std::string to_string(const recommendation& rec);
std::ostream& operator<<(std::ostream& out, const recommendation& rec);

/// What a flow showed, and what could be changed of it.
struct advice {
  std::string run{};
  double throughput = 0; ///< items a second that its sources give together
  flow_limit limit{};    ///< what holds it to that
  double then = 0;       ///< its throughput if all is done that is recommended
  flow_limit then_limit{};
  std::vector<recommendation> recommendations{}; ///< the most urgent first
};
/// A line for each; "nothing to change" where there is none.
std::string to_string(const advice& a);
std::ostream& operator<<(std::ostream& out, const advice& a);

} // namespace troupe
