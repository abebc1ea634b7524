#pragma once

#include <concepts>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/context.hpp>
#include <troupe/fwd.hpp>
#include <troupe/metrics.hpp>
#include <troupe/report.hpp>
#include <troupe/result.hpp>
#include <troupe/run.hpp>
#include <troupe/service/driven_future.hpp>
#include <troupe/service/service_actor.hpp>
#include <troupe/service/service_core.hpp>
#include <troupe/service/service_stage.hpp>
#include <troupe/tools/replace.hpp>

namespace troupe {

namespace detail {
template <class Req, class Resp>
std::vector<caf::actor> actors_of(const service<Req, Resp>& s);
/// For who asks from within: it owns the service as a handle does. Null for an empty one.
template <class Req, class Resp>
std::shared_ptr<service_core<Req, Resp>> core_of(const service<Req, Resp>& s);
/// As `ask`, but `done` may be called before this returns.
template <class Req, class Resp>
void ask_at_once(const service<Req, Resp>& s, Req r, const context& ctx,
                 std::function<void(result<Resp>&&)> done);
template <class Req, class Resp>
bool is_empty(const service<Req, Resp>& s);
} // namespace detail

/// A running service: answers requests. Copyable; may be used from any thread.
///
///     troupe::service<image, thumb> svc = troupe::serve(sys, resize);
///     std::future<troupe::result<thumb>> f = svc.ask(img);
///     svc.ask(img, [](troupe::result<thumb> r) { … });
///
/// Ends:   `drain` lets nothing new in and finishes what is inside, within the limit. So does the
///         end of the last handle, within `run_options::drain_limit`; while an exception passes it
///         abandons what is inside. Then the service's actors, threads and functions are gone, and
///         a handle needs no actor system any more; before, that must not go first: its destructor
///         waits for the service. Inside an actor or a callback of a service the last handle does
///         not wait: the service ends on its own, within the limit.
/// Bound:  as the pattern that is served says; a full one refuses with errc::pool_full, or lets
///         `ask` wait: then that blocks the calling thread, so not inside of an actor. Besides, an
///         entry for each refused call whose callback has not been called yet: `ask` cannot wait
///         for that (see Note). Where refusals may outrun the callbacks, use `try_ask`.
/// Errors: every call is answered exactly once, with a value or an error: cancelled or
///         deadline_exceeded for a context that ends first (the work is not begun, or its answer is
///         discarded), closed after the end, worker_died for a function that threw, stage_failed
///         for a request or a response that throws when it is copied or moved. Only out of a
///         std::future must a response not throw when it is moved: tl::expected ends the process
///         then; `call` and a callback bear it. An empty handle throws std::logic_error,
///         and so do `call` and `drain` inside an actor or a callback of a service. What a
///         std::future does cannot be refused: `ask(r).get()` inside an actor may wait for itself
///         for ever; ask with a callback there.
/// Note:   a callback runs on the worker's thread, or on that of whoever cancels: short, and
///         without waiting for a service. Never inside of `ask`: of a call that is refused at once
///         it runs on a thread of the library's, after those that were refused before, and `drain`
///         waits for it. What it throws is dropped.
///
/// As a stage, `flow | svc`: flow<Req> -> flow<Resp>, order kept. At most 16 items are asked for at
/// once, each by an actor with a thread of its own that waits for the answer, and for room also
/// where `ask` is refused. The stage has the service's name, and the flow keeps the service alive.
/// An error that is answered fails the run; `stage` with a function that asks can do otherwise.
template <class Req, class Resp>
class service : public detail::pipe_tag {
public:
  using request = Req;
  using response = Resp;

  service() = default;
  explicit service(std::shared_ptr<detail::service_core<Req, Resp>> core)
      : core_(detail::owned_by_handles(std::move(core))) {}

  std::future<result<Resp>> ask(Req r) const { return ask_for<result<Resp>>(r, {}); }
  std::future<result<Resp>> ask(Req r, const context& ctx) const {
    return ask_for<result<Resp>>(r, ctx);
  }

  /// The callback may be one that can only be moved.
  template <std::invocable<result<Resp>> F>
  void ask(Req r, F callback) const {
    call_back(r, {}, std::move(callback));
  }
  template <std::invocable<result<Resp>> F>
  void ask(Req r, const context& ctx, F callback) const {
    call_back(r, ctx, std::move(callback));
  }

  /// Asks, and waits for the answer. Errors: as `ask`; std::logic_error inside an actor or a
  /// callback of a service, which would wait for each other: ask with a callback there.
  result<Resp> call(Req r) const { return wait_for_answer(std::move(r), {}); }
  result<Resp> call(Req r, const context& ctx) const { return wait_for_answer(std::move(r), ctx); }

  /// Never waits; empty when the service is full: then the request is as it was.
  std::optional<std::future<result<Resp>>> try_ask(Req&& r, std::optional<context> ctx = {}) const {
    auto promise = std::make_shared<std::promise<result<Resp>>>();
    const auto core = this->core();
    auto call = make_call(r, std::move(ctx),
                          detail::response_promise<Resp>{detail::keeping<Resp>(promise)});
    if (call && !core->try_submit(*call)) {
      if constexpr (detail::replaceable<Req>)
        detail::replace(r, std::move(call->request.get()));
      call->reply.fail({errc::pool_full, {}, "the service is full"});
      return std::nullopt;
    }
    return detail::future_of(core->system(), promise);
  }
  std::optional<std::future<result<Resp>>>
  try_ask(const Req& r,
          std::optional<context> ctx = {}) const requires std::copy_constructible<Req> {
    return try_ask(Req(r), std::move(ctx));
  }

  /// An actor that answers a Req with a Resp, or with a caf::error of the same text: `closed` once
  /// the service has ended. The end of the service is not told to who monitors it. Both must be CAF
  /// message types.
  caf::actor actor() const {
    return core()->as_actor([weak = std::weak_ptr{core_}](caf::actor_system& sys) {
      return detail::spawn<detail::service_actor<Req, Resp>>(sys, weak);
    });
  }

  template <class T>
  auto attach(const flow<T>& f) const {
    return detail::attach_service(
        f, detail::service_node(core()->name(), {.parallel = detail::most_waiting_workers}),
        core());
  }

  report drain(time_span limit = std::chrono::seconds{30}) const {
    const auto core = this->core();
    auto end = core->drain(limit);
    core->outside()->wait(limit);
    return end;
  }
  stage_metrics metrics() const { return core()->metrics(); }
  /// As `run::configure`: `svc.configure({.workers = {{.min = 2, .max = 8}}})` of a worker_pool,
  /// `svc.configure({.timeout = 100ms, .attempts = 5})` of a call.
  void configure(const settings& s) const { core()->configure(s); }
  /// The outermost circuit_breaker of a `call`, to look at and to set by hand; it may outlive the
  /// service. Empty where there is none: using it throws std::logic_error.
  breaker_handle breaker() const { return core()->breaker(); }

private:
  friend std::vector<caf::actor> detail::actors_of<Req, Resp>(const service& s);
  friend std::shared_ptr<detail::service_core<Req, Resp>>
  detail::core_of<Req, Resp>(const service& s);
  friend void detail::ask_at_once<Req, Resp>(const service& s, Req r, const context& ctx,
                                             std::function<void(result<Resp>&&)> done);
  friend bool detail::is_empty<Req, Resp>(const service& s);

  // By value: a callback may let go of this very handle while the call is under way.
  std::shared_ptr<detail::service_core<Req, Resp>> core() const {
    if (core_ == nullptr)
      throw std::logic_error("service: this handle is empty; get one from serve");
    return core_;
  }

  template <class F>
  void call_back(Req& r, std::optional<context> ctx, F to) const {
    const auto core = this->core();
    const detail::inside_ask here;
    if (auto call = make_call(
            r, std::move(ctx),
            detail::response_promise<Resp>{detail::telling<Resp>(std::move(to)), core->outside()}))
      core->submit(*std::move(call));
  }

  // Empty: the request has thrown when it was moved, and the call is answered with that.
  static std::optional<detail::call_item<Req, Resp>>
  make_call(Req& r, std::optional<context> ctx, detail::response_promise<Resp> reply) {
    std::optional<detail::call_item<Req, Resp>> call;
    try {
      call.emplace(detail::call_item<Req, Resp>{std::move(r), std::move(ctx), std::move(reply)});
    } catch (...) {
      reply.fail(detail::not_handed_on("request"));
      return std::nullopt;
    }
    if (call->ctx)
      call->reply.follow(*call->ctx);
    return call;
  }

  template <class Answer>
  std::future<Answer> ask_for(Req& r, std::optional<context> ctx) const {
    auto promise = std::make_shared<std::promise<Answer>>();
    const auto core = this->core();
    {
      const detail::inside_ask here; // other calls may be answered while this one waits for room
      if (auto call = make_call(r, std::move(ctx),
                                detail::response_promise<Resp>{detail::keeping<Resp>(promise)}))
        core->submit(*std::move(call));
    }
    return detail::future_of(core->system(), promise);
  }

  result<Resp> wait_for_answer(Req r, std::optional<context> ctx) const {
    core()->refuse_wait("call", "ask with a callback");
    return detail::handed_on(*ask_for<std::shared_ptr<result<Resp>>>(r, std::move(ctx)).get());
  }

  // Shared by all handles: the last one ends the service.
  std::shared_ptr<detail::service_core<Req, Resp>> core_;
};

namespace detail {
template <class B>
using core_ptr_of = std::shared_ptr<service_core<typename B::request, typename B::response>>;
} // namespace detail

/// A service that does not run yet: what `serve` takes.
template <class B>
concept service_blueprint = requires(const B& b, caf::actor_system& sys, run_options options) {
  { b.serve(sys, std::move(options)) } -> std::same_as<detail::core_ptr_of<B>>;
};

/// Starts a service. It must end, by `drain` or with its last handle, before the actor system,
/// whose destructor waits for it: declare the handle behind the actor system, or both stand still.
///
/// Errors: as `start`: std::system_error where config::limits would be passed (the text names the
///         service, how many actors or threads it asks for, how many there are and the limit), and
///         nothing of it is left then.
template <service_blueprint B>
[[nodiscard]] service<typename B::request, typename B::response>
serve(caf::actor_system& sys, const B& blueprint, run_options options = {}) {
  return service<typename B::request, typename B::response>{
      blueprint.serve(sys, std::move(options))};
}

template <service_blueprint B>
[[nodiscard]] service<typename B::request, typename B::response>
serve(caf::actor_system& sys, const B& blueprint, observer& watch, const context& ctx = {}) {
  return troupe::serve(sys, blueprint, run_options{.watch = &watch, .ctx = ctx});
}

namespace detail {

template <class Req, class Resp>
std::shared_ptr<service_core<Req, Resp>> core_of(const service<Req, Resp>& s) {
  return s.core_;
}

template <class Req, class Resp>
void ask_at_once(const service<Req, Resp>& s, Req r, const context& ctx,
                 std::function<void(result<Resp>&&)> done) {
  if (auto call = s.make_call(r, ctx, response_promise<Resp>{std::move(done)}))
    s.core()->submit(*std::move(call));
}

template <class Req, class Resp>
bool is_empty(const service<Req, Resp>& s) {
  return s.core_ == nullptr;
}

/// For tests: the actors that may be killed.
template <class Req, class Resp>
std::vector<caf::actor> actors_of(const service<Req, Resp>& s) {
  return s.core()->actors();
}

} // namespace detail

} // namespace troupe
