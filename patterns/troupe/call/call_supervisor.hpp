#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <troupe/call/call_supervisor_base.hpp>
#include <troupe/call/scope.hpp>
#include <troupe/call/served_chain.hpp>
#include <troupe/call/served_function.hpp>

namespace troupe::detail {

/// A call on its way through its actor.
struct served_call {
  untyped pending;    ///< the pending_call
  void* request;      ///< in it
  const context* ctx; ///< in it; null: nobody can cancel it
  /// Gives `pending` its answer.
  void (*answer)(void* pending, result<untyped>&& r);
};

/// What the actor of a served call needs to begin.
struct call_setup {
  std::shared_ptr<const served_chain> chain;
  std::shared_ptr<const served_function> function; ///< each worker has another
  /// The handler of the calls, which knows their types: hands them to `begin`.
  caf::message_handler (*on_call)(call_supervisor& to);
  std::size_t workers = 1;
  backoff restarts;
};

/// Answers calls: runs their layers, and has workers with threads of their own make the attempts.
class call_supervisor final : public call_supervisor_base {
public:
  call_supervisor(caf::actor_config& cfg, std::shared_ptr<request_account> account,
                  const troupe::context& ctx, call_setup s);

  void on_exit() override;
  void begin(served_call call);

  // -- what the layers see of it ------------------------------------------------------------------

  static constexpr bool has_timers = true;
  using call_supervisor_base::drop_timer;
  using call_supervisor_base::now;
  using call_supervisor_base::rng;
  using call_supervisor_base::set_timer;
  time_point begin_call() { return now(); }
  void answered(time_point /*at*/) const noexcept {}
  const std::string& service_name() const noexcept { return service(); }
  /// How many attempts of this call have reached a worker.
  static std::size_t begun(const scoped_attempt& a) noexcept { return a.scope().begun(); }
  /// Calls `k` after `d`, or as soon as the attempt is given up.
  void sleep(const scoped_attempt& a, duration d, std::function<void()> k);
  void begin_attempt(scoped_attempt a, on_answer then);

protected:
  caf::message_handler handlers() override;
  void give_up(const error& why) override;
  caf::actor spawn_worker() override;
  void show_worker(std::size_t i, const caf::actor& actor) override;
  void hand_over(attempt_id id, std::size_t by, const caf::actor& to) override;
  void lose(attempt_id id) override;

private:
  using call_id = std::uint64_t;
  struct cancelled_msg {
    using internal_message = void;
    call_id call = 0;
  };
  struct open_call {
    served_call call;
    std::shared_ptr<call_scope> scope;
    std::size_t on_cancel = 0;
    std::uint64_t deadline = 0; ///< its timer

    void leave() const;
    void answer(result<untyped>&& r) const { call.answer(call.pending.get(), std::move(r)); }
  };
  struct open_attempt {
    scoped_attempt attempt;
    on_answer done;
  };

  template <class Body>
  void bear(const std::weak_ptr<void>& request, const Body& body);
  void fail_call(const std::weak_ptr<void>& request, const error& why);
  void finish_call(call_id id, result<untyped>&& r);
  void give_up_call(call_id id);
  void finish_attempt(attempt_id id, result<untyped>&& r);
  void abandon(attempt_id id);

  call_setup setup_;
  std::map<call_id, open_call> calls_;
  std::map<attempt_id, open_attempt> attempts_;
  call_id last_call_ = 0;
  attempt_id last_attempt_ = 0;
};

} // namespace troupe::detail
