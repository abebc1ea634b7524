#pragma once

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include <caf/actor.hpp>

#include <troupe/on_error.hpp>
#include <troupe/options.hpp>
#include <troupe/policy/overflow.hpp>
#include <troupe/service.hpp>
#include <troupe/service/actor_core.hpp>
#include <troupe/service/forwarding_actor.hpp>
#include <troupe/service/service_stage.hpp>

namespace troupe {

struct actor_service_options {
  std::string name = "service_of"; ///< in errors and metrics; as a stage: of the stage
  count max_in_flight = 64;        ///< requests that the actor has not answered yet
  time_span timeout = {};          ///< for each request; zero: none
  troupe::overflow overflow = troupe::overflow::backpressure; ///< or shed
  troupe::on_error on_error = troupe::on_error::stop;         ///< as a stage only
};

namespace detail {

void check(const actor_service_options& o);
node service_node(const actor_service_options& o);
actor_core_setup setup_of(const actor_service_options& o, const run_options& run);

template <class Req, class Resp>
std::shared_ptr<actor_core<Req, Resp>> serve_actor(caf::actor_system& sys, const caf::actor& handle,
                                                   const actor_service_options& o,
                                                   const run_options& run) {
  return std::make_shared<actor_core<Req, Resp>>(
      sys, setup_of(o, run), [&](const std::shared_ptr<request_account>& account) {
        return spawn<forwarding_actor<Req, Resp>>(sys, account, run.ctx, handle, o.timeout);
      });
}

/// Makes one service for all the workers of a stage, when the first of them begins.
template <class Req, class Resp>
class shared_calls {
public:
  shared_calls(caf::actor handle, actor_service_options options)
      : handle_(std::move(handle)), options_(std::move(options)) {}

  std::shared_ptr<service_core<Req, Resp>> get() {
    const std::lock_guard lock{mutex_};
    auto found = core_.lock();
    if (found == nullptr) {
      // Nobody is left to wait for: the stage has all its answers, or does not want them.
      found = serve_actor<Req, Resp>(handle_.home_system(), handle_, options_,
                                     {.drain_limit = duration::zero()});
      core_ = found;
    }
    return found;
  }

private:
  caf::actor handle_;
  actor_service_options options_;
  std::mutex mutex_;
  std::weak_ptr<actor_core<Req, Resp>> core_;
};

template <class Req, class Resp>
struct actor_pipe : pipe_tag {
  using request = Req;
  using response = Resp;

  caf::actor handle;
  actor_service_options options;

  actor_pipe(caf::actor h, actor_service_options o) : handle(std::move(h)), options(std::move(o)) {
    check(options);
    if (!handle)
      throw std::invalid_argument("service_of \"" + options.name + "\": the actor handle is empty");
  }

  template <class T>
  auto attach(const flow<T>& f) const {
    return attach_service_from<T, Req, Resp>(f, service_node(options),
                                             [shared = std::make_shared<shared_calls<Req, Resp>>(
                                                  handle, options)] { return shared->get(); });
  }

  std::shared_ptr<service_core<Req, Resp>> serve(caf::actor_system& sys,
                                                 const run_options& run) const {
    auto core = serve_actor<Req, Resp>(sys, handle, options, run);
    if (run.watch != nullptr)
      run.watch->watch(core->shown());
    return core;
  }
};

} // namespace detail

/// An actor that answers requests, as a service or as a stage.
///
///     auto users = troupe::service_of<user_id, user>(user_actor, {.max_in_flight = 16,
///                                                                 .timeout = 200ms});
///     auto svc = troupe::serve(sys, users);             // svc.ask(id)
///     auto f = ids | users | troupe::sink(…);           // the same as a stage
///
/// Shape:  the actor gets a Req by CAF request, and answers with a Resp; both must be CAF message
///         types. One actor of ours asks, and never blocks. As a stage: flow<Req> -> flow<Resp>,
///         order kept; `max_in_flight` actors, 16 at most, each with a thread of its own, ask and
///         wait, also for room.
/// Bound:  `max_in_flight` requests at the actor. Beyond it `overflow` decides: shed refuses with
///         errc::pool_full, backpressure lets `ask` wait. A call that is given up keeps its place
///         until the actor answers or `timeout`: without one, an actor that does not answer fills
///         the service.
/// Errors: errc::worker_died when the actor is gone, errc::timed_out after `timeout`, and
///         errc::stage_failed with the text of the caf::error for all else that it answers.
///         std::invalid_argument for an option out of range or an empty handle.
template <class Req, class Resp>
detail::actor_pipe<Req, Resp> service_of(caf::actor handle, actor_service_options options = {}) {
  return {std::move(handle), std::move(options)};
}

} // namespace troupe
