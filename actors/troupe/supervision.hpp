#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <troupe/error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/backoff.hpp>
#include <troupe/policy/restart_intensity.hpp>

namespace troupe {

/// Who is restarted with a child that is restarted.
enum class strategy {
  one_for_one,  ///< nobody else
  one_for_all,  ///< all
  rest_for_one, ///< those that were added after it
};

/// When a child that ended is started again. It ended normally with exit reason normal or
/// user_shutdown; an exception, a kill and every other reason are failures.
enum class restart {
  permanent, ///< always
  transient, ///< after a failure
  temporary, ///< never: it is forgotten, also when the supervisor itself ends it
};

/// How a supervisor ends a child: asks it to (exit reason user_shutdown, behind what the child was
/// sent before), and kills it when the limit is over.
class shutdown {
public:
  /// Errors: std::invalid_argument for a negative limit.
  static shutdown within(time_span limit);
  static const shutdown brutal;   ///< kill at once
  static const shutdown infinite; ///< ask, and wait for as long as it takes

  constexpr bool is_brutal() const noexcept { return how_ == how::brutal; }
  /// Empty: none.
  constexpr std::optional<duration> limit() const noexcept {
    return how_ == how::within ? std::optional{limit_} : std::nullopt;
  }

  friend bool operator==(const shutdown&, const shutdown&) = default;

private:
  enum class how { within, brutal, infinite };
  constexpr explicit shutdown(how h, duration limit = {}) noexcept : how_(h), limit_(limit) {}

  how how_;
  duration limit_;
};

inline constexpr shutdown shutdown::brutal{shutdown::how::brutal};
inline constexpr shutdown shutdown::infinite{shutdown::how::infinite};

/// Whether the end of a child may end its supervisor: see `auto_shutdown`.
enum class significance { ordinary, significant };

/// When a supervisor ends by itself: significant children have ended, not by its doing, and
/// are not restarted.
enum class auto_shutdown {
  never,
  any_significant, ///< with the first of them
  all_significant, ///< with the last of them
};

enum class child_kind { worker, supervisor };

enum class child_state {
  starting,
  running,
  stopping,   ///< asked to end, or killed
  stopped,    ///< ended, and kept for a restart
  restarting, ///< ended; the supervisor will try again
};

std::string_view to_string(strategy s) noexcept;
std::string_view to_string(restart r) noexcept;
std::string_view to_string(child_kind k) noexcept;
std::string_view to_string(child_state s) noexcept;

struct child_options {
  troupe::restart restart = troupe::restart::permanent;
  /// Unless given: within 5 s for a worker, infinite for a supervisor.
  std::optional<troupe::shutdown> shutdown = {};
  troupe::significance significance = troupe::significance::ordinary; ///< not for permanent ones
  troupe::thread thread = troupe::thread::shared; ///< of a child given by its behavior
};

/// What a supervisor tells its `.on_event`.
struct supervisor_event {
  enum class kind {
    started,
    start_failed,
    exited,    ///< not by the supervisor's doing
    restarted, ///< started again
    stopped,   ///< by the supervisor
    gave_up,   ///< too many restarts: the supervisor ends with all its children
    ended,     ///< the supervisor itself; `child` is empty
  };
  kind what = kind::started;
  std::string supervisor = {};
  std::string child = {};
  std::string reason = {}; ///< why it ended or did not start
  time_point at = {};
};

std::string_view to_string(supervisor_event::kind k) noexcept;
/// `orders: exited cache: disk full`
std::ostream& operator<<(std::ostream& out, const supervisor_event& e);

struct supervisor_options {
  troupe::strategy strategy = troupe::strategy::one_for_one;
  /// More restarts than that: all children are stopped, and the supervisor ends with an error.
  restart_intensity intensity = {3, std::chrono::seconds{5}};
  /// Before each restart of a child; begins anew when the child has run for `min`. None by default.
  troupe::backoff backoff = {.min = duration::zero(), .max = duration::zero()};
  troupe::auto_shutdown auto_shutdown = troupe::auto_shutdown::never;
  /// Called by the supervisor, between two messages: short, and without waiting for a supervisor.
  /// What it throws ends the supervisor like a kill.
  std::function<void(const supervisor_event&)> on_event = {};
};

/// Errors: std::invalid_argument with option, value and valid range.
void validate(const supervisor_options& options, std::string_view where);
void validate(const child_options& options, std::string_view child,
              const supervisor_options& supervisor);

} // namespace troupe
