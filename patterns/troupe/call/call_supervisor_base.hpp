#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include <caf/actor.hpp>

#include <troupe/call/timers.hpp>
#include <troupe/policy/backoff.hpp>
#include <troupe/service/answering_actor.hpp>

namespace troupe::detail {

/// What `call_supervisor` knows of its workers and of time, and not of calls: who works on which
/// attempt, restarts, and timers.
///
/// Bound: an attempt waits for a worker as long as its call waits for the attempt; the service's
///        door bounds the calls.
class call_supervisor_base : public answering_actor {
public:
  using attempt_id = std::uint64_t; ///< never 0
  using timer_id = timers::id;

  call_supervisor_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                       const troupe::context& ctx, std::size_t workers, const backoff& restarts);

  const char* name() const override { return "troupe.call"; }
  void on_exit() override;

protected:
  caf::message_handler handlers() override;
  bool is_idle() const override;

  virtual caf::actor spawn_worker() = 0;
  /// Worker `i` is this one now; null: it is gone.
  virtual void show_worker(std::size_t i, const caf::actor& actor) = 0;
  virtual void hand_over(attempt_id id, std::size_t worker, const caf::actor& to) = 0;
  /// The worker that made this attempt is gone.
  virtual void lose(attempt_id id) = 0;

  time_point now() { return clock_.now(); }
  timer_id set_timer(duration after, timers::function f);
  void drop_timer(timer_id id) { timers_.drop(id); }
  std::minstd_rand& rng() noexcept { return rng_; }

  void line_up(attempt_id id);
  /// Nobody waits for it any more. A worker that is at it stays busy until its function returns.
  void forget(attempt_id id) { waiting_.erase(id); }
  /// It has made this attempt.
  void worker_is_free(std::size_t worker, attempt_id made, bool crashed);

private:
  struct alarm_msg {
    using internal_message = void;
    time_point at{};
  };
  struct worker {
    caf::actor actor;
    attempt_id busy_with = 0;
    backoff restarts;
    time_point began{};
  };

  void start_worker(std::size_t i);
  void worker_died(std::size_t i);
  void dispatch();
  void on_alarm(time_point at);
  void set_alarm();

  clock_reader clock_;
  std::minstd_rand rng_;
  backoff restarts_;
  std::vector<worker> workers_;
  std::set<attempt_id> waiting_; ///< for a worker; the lowest came first
  timers timers_;
  std::optional<time_point> alarm_; ///< the earliest for which a message is under way
};

} // namespace troupe::detail
