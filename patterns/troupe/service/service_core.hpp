#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/breaker_handle.hpp>
#include <troupe/caf/actor_thread.hpp>
#include <troupe/caf/compat.hpp>
#include <troupe/context.hpp>
#include <troupe/metrics.hpp>
#include <troupe/report.hpp>
#include <troupe/service/callbacks_outside.hpp>
#include <troupe/service/door.hpp>
#include <troupe/service/response_promise.hpp>
#include <troupe/service/service_thread.hpp>
#include <troupe/settings.hpp>

namespace troupe::detail {

/// A request on its way through a service.
template <class Req, class Resp>
struct call_item {
  held<Req> request;
  std::optional<context> ctx = {}; ///< empty: nobody can cancel it
  response_promise<Resp> reply = {};
  door::place place = {};
  std::size_t attempts = 0;

  /// Whether nobody wants an answer any more: then it is answered with that.
  bool ended_early() {
    if (!ctx || !ctx->cancelled())
      return false;
    reply.fail(ctx->why());
    return true;
  }
};

/// A running service as far as its end is concerned.
///
/// Its destructor does not wait, so an actor may own it: the service ends on its own then, within
/// its drain limit. Only who has a handle waits (`service_owner`).
class ending_service {
public:
  ending_service() = default;
  ending_service(const ending_service&) = delete;
  ending_service& operator=(const ending_service&) = delete;
  virtual ~ending_service() = default;

  /// Nothing new; what is inside has `limit`. Does not wait.
  virtual void end(duration limit) = 0;
  /// The same, and waits until nothing of it is left. Errors: std::logic_error where the thread
  /// must not wait, unless it is over.
  virtual report drain(duration limit) = 0;
  /// Whether nothing of it is left. Then there may be no actor system any more.
  virtual bool is_over() const = 0;
  /// That of the last handle.
  virtual duration drain_limit() const = 0;
  virtual caf::actor_system& system() const = 0;
};

/// For one that nobody has asked yet: waits until it is gone, unless the thread must not.
void end_unasked(ending_service& service) noexcept;

/// What the handles of a running service share. All members may be called from any thread.
template <class Req, class Resp>
class service_core : public ending_service {
public:
  explicit service_core(caf::actor_system& sys)
      : outside_(std::make_shared<callbacks_outside>(sys)) {}

  /// Throws std::logic_error where the thread must not wait.
  void refuse_wait(std::string_view what, std::string_view instead) const {
    if (!this->is_over())
      refuse_to_wait_for(name(), this->system(), what, instead);
  }

  /// Calls callbacks for a thread that is inside of `ask`.
  const std::shared_ptr<callbacks_outside>& outside() const noexcept { return outside_; }

  /// Sees to it that the call is answered, now or later. May wait for room.
  virtual void submit(call_item<Req, Resp> call) = 0;
  /// The same for a stage of a flow: waits for room also where `submit` refuses.
  virtual void submit_patiently(call_item<Req, Resp> call) { submit(std::move(call)); }
  /// False: full, and the call is untouched.
  virtual bool try_submit(call_item<Req, Resp>& call) = 0;
  virtual stage_metrics metrics() const = 0;
  virtual void configure(const settings&) {
    throw std::invalid_argument("service \"" + name()
                                + "\": has nothing to configure; a worker_pool has workers");
  }
  /// The outermost circuit breaker; empty: there is none.
  virtual breaker_handle breaker() const { return {}; }
  /// What a stage that asks this service is called.
  virtual std::string name() const { return "service"; }
  /// For tests: the actors that may be killed.
  virtual std::vector<caf::actor> actors() const { return {}; }
  /// The actor that `make` made for this service, or makes now. Once it has ended it says so to who
  /// asks, for as long as somebody knows it.
  virtual caf::actor as_actor(const std::function<caf::actor(caf::actor_system&)>& make) = 0;

private:
  std::shared_ptr<callbacks_outside> outside_;
};

/// To a actor: the service has ended. It goes on to say so, but nobody waits for it any more.
struct retire_msg {
  using internal_message = void;
  std::shared_ptr<std::promise<void>> done; ///< kept when it has
};

/// The actor by which CAF actors ask a service.
class actor_facade {
public:
  explicit actor_facade(caf::actor_system& sys) : system_(&sys) {}
  actor_facade(const actor_facade&) = delete;
  actor_facade& operator=(const actor_facade&) = delete;
  ~actor_facade() { (void)shown_->retire(); }

  caf::actor get(const std::function<caf::actor(caf::actor_system&)>& make);
  /// The service has ended. Waits until the actor does not count any more.
  void let_go();

private:
  struct shown {
    std::mutex mutex;
    caf::actor actor;
    bool over = false;

    /// Empty: there is no actor.
    std::optional<std::future<void>> retire();
  };

  caf::actor_system* system_;
  std::shared_ptr<shown> shown_ = std::make_shared<shown>();
};

/// What all handles of a service hold together: when the last one goes, the service ends.
class service_owner {
public:
  service_owner(std::shared_ptr<ending_service> service, std::shared_ptr<callbacks_outside> outside)
      : service_(std::move(service)), outside_(std::move(outside)) {}
  service_owner(const service_owner&) = delete;
  service_owner& operator=(const service_owner&) = delete;
  /// Waits for that, but not where the thread must not, and not for what is inside while an
  /// exception passes.
  ~service_owner();

private:
  std::shared_ptr<ending_service> service_;
  std::shared_ptr<callbacks_outside> outside_;
  int exceptions_ = std::uncaught_exceptions(); ///< that passed when the service began
};

/// The core for a handle, which owns it in common with its copies.
template <class Core>
std::shared_ptr<Core> owned_by_handles(std::shared_ptr<Core> core) {
  if (core == nullptr)
    return nullptr;
  auto* const raw = core.get();
  auto outside = core->outside();
  return {std::make_shared<service_owner>(std::move(core), std::move(outside)), raw};
}

} // namespace troupe::detail
