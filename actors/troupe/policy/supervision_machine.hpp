#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <troupe/supervision.hpp>

namespace troupe {

/// Decides what a supervisor does: whom to start and to end, in which order, and when to give up.
///
///     supervision_machine m{{.strategy = strategy::rest_for_one}};
///     m.add("a", {}, now);
///     for (auto order : m.take_orders()) { … }      // start a
///     m.started(a, run, now);                        // as it came about
///     m.exited(a, run, exit::failure, "why", now);   // orders: start a
///
/// Shape:  a plain value, no clock. One operation at a time: children are started from left to
///         right, each when the one before it is up, and ended from right to left, each when the
///         one behind it is gone. What happens meanwhile waits in line; only `stop` does not.
/// Bound:  one task for each child that ended and for each unanswered request.
/// Cost:   O(log n) for each child that is started or ended, of n.
/// Source: supervisor.erl of Erlang/OTP 27.
class supervision_machine {
public:
  using id = std::uint64_t;      ///< of a child; grows in the order of addition
  using request = std::uint64_t; ///< from the caller; named in the answer

  enum class exit { normal, failure };

  struct order {
    enum class kind {
      start,      ///< the child, as its run `number`
      ask_to_end, ///< the child's run `number`
      kill,
      forget, ///< the child's name is free
      answer, ///< to request `number`: `refusal`
      tell,   ///< the event
      ready,  ///< the first children are up
      end,    ///< all children are gone, and so is the supervisor: see `ending`
    };
    kind what;
    id child = 0;
    std::uint64_t number = 0;
    errc refusal = errc::none;
    supervisor_event::kind event = supervisor_event::kind::started;
    std::string text = {};
    std::string name = {}; ///< of the child that an event is about
  };

  enum class ending { none, stopped, gave_up, auto_shutdown, start_failed };

  struct child {
    std::string name;
    child_options options;
    child_kind kind = child_kind::worker;
    child_state state = child_state::stopped;
    std::uint64_t run = 0;      ///< number of the present or last start
    std::uint64_t restarts = 0; ///< starts that succeeded after the first
    std::string why = {};       ///< why it ended last
  private:
    friend supervision_machine;
    bool gone_ = false; ///< has ended, and the task for that waits in line
    bool was_up_ = false;
    time_point up_since_ = {};
    backoff backoff_ = {};
    std::optional<time_point> due_ = {}; ///< when to kill, or to try again
  };

  explicit supervision_machine(const supervisor_options& options, std::uint32_t seed = 1);

  // -- what callers ask for; each request is answered by an order ---------------------------------

  /// One of the children with which the supervisor begins; before `begin`, names are distinct.
  id add_first(std::string name, child_options options, child_kind kind);
  /// Starts them; one that cannot be started ends the supervisor.
  void begin(time_point now);

  /// Answers the id that the child will have.
  id add(request r, std::string name, child_options options, child_kind kind, time_point now);
  /// Ends a child and keeps it for `restart_child`; a temporary one is forgotten.
  void terminate(request r, const std::string& name, time_point now);
  void restart_child(request r, const std::string& name, time_point now);
  /// Forgets a child that does not run.
  void remove(request r, const std::string& name, time_point now);
  /// Ends all, from right to left; an operation that is under way is given up.
  void stop(time_point now);

  // -- what became of the orders ------------------------------------------------------------------

  void started(id child, std::uint64_t run, time_point now);
  /// There is nothing to run, and that is no failure.
  void declined(id child, std::uint64_t run, time_point now);
  /// Before `started`: its start has failed.
  void exited(id child, std::uint64_t run, exit how, std::string why, time_point now);

  /// To be called at `due`.
  void tick(time_point now);
  std::optional<time_point> due() const;

  std::vector<order> take_orders() { return std::exchange(orders_, {}); }

  // -- what is to be seen -------------------------------------------------------------------------

  const std::map<id, child>& children() const noexcept { return children_; }
  std::optional<id> find(const std::string& name) const;
  enum ending ending() const noexcept { return ending_; }
  bool ended() const noexcept { return ended_; }
  /// What led to the end: the child's name, and why it ended or did not start.
  const std::string& ending_text() const noexcept { return ending_text_; }

private:
  struct task {
    enum class kind { exit, retry, add, terminate, restart, remove };
    kind what;
    id child = 0;
    std::uint64_t run = 0;
    exit how = exit::normal;
    request asked = 0;
    std::string name = {};
    child_options options = {};
    child_kind type = child_kind::worker;
  };

  /// Ends the children from `first` to before `behind`, right to left, then maybe starts them.
  struct operation {
    enum class purpose { begin, add, terminate, restart, recover, end };
    purpose what;
    id first;
    id behind;
    bool starts;
    request asked = 0;
    id kept = 0; ///< this one goes on waiting for its restart
    bool stopping = true;
    id cursor = behind; ///< stopping: all from here on are done; starting: all before it are
    id awaited = 0;     ///< is being started
  };

  void advance(time_point now);
  bool step(time_point now);
  bool end_next(time_point now);
  bool start_next();
  bool end_child(id i, child& c, time_point now);
  void finish_operation();

  void perform(const task& t, time_point now);
  void perform_exit(const task& t, time_point now);
  void perform_add(const task& t);
  void perform_restart(const task& t);
  void perform_remove(const task& t);

  void recover(id i, child& c, bool failed_start, time_point now);
  void restart_scope(id i, bool starts);
  void start_failed(id i, child& c, time_point now);
  void give_up(const std::string& why);
  void shut_down_after(const child& c);
  /// What waits in line is refused.
  void refuse_waiting();
  void end_all(enum ending why, std::string text);

  void create(id i, std::string name, child_options options, child_kind kind);
  void forget(id i);
  void set_due(id i, child& c, std::optional<time_point> at);
  void come_up(child& c, time_point now);
  void gone(id i, child& c);
  child* running_as(id i, std::uint64_t run);
  void answer(request r, errc refusal, id i = 0, std::string text = {});
  void tell(supervisor_event::kind k, id i, std::string why = {});

  strategy strategy_;
  restart_intensity intensity_;
  backoff backoff_;
  auto_shutdown auto_shutdown_;
  std::minstd_rand rng_;

  std::map<id, child> children_;
  std::unordered_map<std::string, id> names_;
  id last_ = 0;
  std::set<std::pair<time_point, id>> timers_;
  std::deque<task> tasks_;
  std::optional<operation> operation_;
  std::vector<order> orders_;
  enum ending ending_ = ending::none;
  std::string ending_text_;
  bool ended_ = false;
};

} // namespace troupe
