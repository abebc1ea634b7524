#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <troupe/context.hpp>
#include <troupe/error.hpp>
#include <troupe/policy/gather.hpp>
#include <troupe/service/answering_actor.hpp>

namespace troupe::detail {

/// One service's answer, as the actor carries it: what is inside is the job's business.
struct gathered_answer {
  std::shared_ptr<void> value;
  bool success = false;
};
using gathered_function = std::function<void(gathered_answer)>;

/// One request to all services, with its typed side: asks them, keeps their answers, answers the
/// caller. Used by the gather actor only, but for `ask`'s callback.
class gather_job {
public:
  virtual ~gather_job() = default;

  virtual troupe::context& ctx() = 0;
  /// Asks one service. `done` is called once, from any thread, before this returns or later.
  virtual void ask(std::size_t service, const context& ctx, gathered_function done) = 0;
  virtual void keep(std::size_t service, gathered_answer answer) = 0;
  /// The service is not waited for any more: this is its answer.
  virtual void close(std::size_t service, error why) = 0;
  /// What went wrong first, for the reader of a failed gather; null if nothing did.
  virtual const error* first_error() const = 0;
  /// The caller's answer: what was kept and closed, or the error.
  virtual void finish(std::optional<error> failure) = 0;
};

struct gather_setup {
  gather how = gather::all;
  std::size_t services = 0;
  duration within{}; ///< zero: no limit
};

/// Holds the requests that are not answered yet, each with its machine.
///
/// On exit (a drain past its limit, a kill) each is answered, and its services are cancelled.
class gather_base : public answering_actor {
public:
  gather_base(caf::actor_config& cfg, std::shared_ptr<request_account> account,
              const troupe::context& ctx, const gather_setup& setup);

  const char* name() const override { return "troupe.gather"; }

protected:
  caf::message_handler handlers() override;
  void begin(const std::shared_ptr<gather_job>& job);
  void give_up(const error& why) override;

private:
  struct pending {
    std::shared_ptr<gather_job> job;
    gather_machine machine;
    std::vector<troupe::context> contexts; ///< one for each service, a child of the caller's
    std::size_t on_cancel = 0;
    time_point due{};
  };
  using id = std::uint64_t;

  void answered(id request, std::size_t service, gathered_answer answer);
  /// Ends what is due, and sets the timer for what is due next.
  void on_timer();
  void set_timer();
  void given_up(id request, const error& why);
  /// The machine has decided: answers, and lets go.
  void end(id request, errc for_open);
  error unreachable(const pending& p, bool at_limit) const;
  static void cancel_open(pending& p, const error& why);

  gather_setup setup_;
  std::map<id, pending> pending_; ///< all have the same limit: in this order they are due
  id last_ = 0;
  bool timer_runs_ = false; ///< one for all, so that answered requests leave none behind
};

} // namespace troupe::detail
