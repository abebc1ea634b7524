#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/breaker_handle.hpp>
#include <troupe/context.hpp>
#include <troupe/detail/actor_thread.hpp>
#include <troupe/detail/callbacks_outside.hpp>
#include <troupe/detail/door.hpp>
#include <troupe/detail/service_thread.hpp>
#include <troupe/detail/ticket.hpp>
#include <troupe/metrics.hpp>
#include <troupe/report.hpp>
#include <troupe/settings.hpp>

namespace troupe::detail {

/// A request on its way through a service.
template <class Req, class Resp>
struct call_item {
  Req request;
  std::optional<context> ctx = {}; ///< empty: nobody can cancel it
  ticket<Resp> reply = {};
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

/// What the handles of a running service share. All members may be called from any thread.
template <class Req, class Resp>
class service_core {
public:
  explicit service_core(caf::actor_system& sys)
      : outside_(std::make_shared<callbacks_outside>(sys)) {}
  service_core(const service_core&) = delete;
  service_core& operator=(const service_core&) = delete;
  // What a callback refers to may be gone soon after the service.
  virtual ~service_core() {
    if (!service_thread::inside() && !in_actor())
      outside_->wait(std::chrono::seconds{30});
  }

  /// Calls callbacks for a thread that is inside of `ask`.
  const std::shared_ptr<callbacks_outside>& outside() const noexcept { return outside_; }

  /// Sees to it that the call is answered, now or later. May wait for room.
  virtual void submit(call_item<Req, Resp> call) = 0;
  /// The same for a stage of a flow: waits for room also where `submit` refuses.
  virtual void submit_patiently(call_item<Req, Resp> call) { submit(std::move(call)); }
  /// False: full, and the call is untouched.
  virtual bool try_submit(call_item<Req, Resp>& call) = 0;
  virtual report drain(duration limit) = 0;
  virtual stage_metrics metrics() const = 0;
  virtual void configure(const settings&) {
    throw std::invalid_argument("service \"" + name()
                                + "\": has nothing to configure; a worker_pool has workers");
  }
  /// The outermost circuit breaker; empty: there is none.
  virtual breaker_handle breaker() const { return {}; }
  virtual caf::actor_system& system() const = 0;
  /// What a stage that asks this service is called.
  virtual std::string name() const { return "service"; }
  /// For tests: the actors that may be killed.
  virtual std::vector<caf::actor> actors() const { return {}; }
  /// The actor that `make` made for this service, or makes now.
  virtual caf::actor gate(const std::function<caf::actor(caf::actor_system&)>& make) = 0;

private:
  std::shared_ptr<callbacks_outside> outside_;
};

} // namespace troupe::detail
