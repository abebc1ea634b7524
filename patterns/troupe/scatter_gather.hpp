#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/gather/gathering.hpp>
#include <troupe/gather_options.hpp>
#include <troupe/service.hpp>
#include <troupe/service/actor_core.hpp>
#include <troupe/service/service_stage.hpp>
#include <troupe/worker_pool.hpp>

namespace troupe {

namespace detail {

/// How a running service is asked by an actor: it never waits for room.
template <class Req, class Resp>
ask_function<Req, Resp> function_of(std::shared_ptr<service_core<Req, Resp>> core) {
  return [core = std::move(core)](const Req& r, const context& ctx,
                                  std::function<void(result<Resp> &&)> done) {
    const service_thread at_work;
    call_item<Req, Resp> call{r, ctx, response_promise<Resp>{std::move(done)}};
    call.reply.follow(ctx);
    core->submit(std::move(call));
  };
}

} // namespace detail

/// One of the services that are asked: a function, or a running service.
///
/// A function is Resp(const Req&) or Resp(Req), or returns a result<Resp>; with a context& behind
/// it learns that nobody waits any more.
template <class Req, class Resp>
class responder {
  using served = detail::gathered_service<Req, Resp>;

public:
  template <detail::other_than<responder> F>
  requires detail::serves<std::decay_t<F>, Req, Resp> responder(F f)
      : serve_([f = std::move(f)](caf::actor_system& sys, const std::string& name,
                                  const gather_options& o, const run_options& run) -> served {
          const auto n = o.workers;
          const auto pool = worker_pool<Req, Resp>(name, f,
                                                   {.workers = {.min = n, .max = n},
                                                    .queue = o.in_flight,
                                                    .overflow = overflow::shed,
                                                    .thread = thread::own});
          auto running = pool.serve(sys, run);
          return {detail::function_of(running), running};
        }) {}

  /// Errors: std::invalid_argument for an empty handle.
  responder(const service<Req, Resp>& s)
      : serve_([core = not_null(detail::core_of(s))](caf::actor_system&, const std::string&,
                                                     const gather_options&,
                                                     const run_options&) -> served {
          return {detail::function_of(core), nullptr};
        }) {}

  served serve(caf::actor_system& sys, const std::string& name, const gather_options& o,
               const run_options& run) const {
    return serve_(sys, name, o, run);
  }

private:
  using handle = std::shared_ptr<detail::service_core<Req, Resp>>;

  static handle not_null(handle h) {
    if (h == nullptr)
      throw std::invalid_argument("scatter_gather: the handle of one of its services is empty; get "
                                  "one from serve");
    return h;
  }

  std::function<served(caf::actor_system&, const std::string&, const gather_options&,
                       const run_options&)>
      serve_;
};

namespace detail {

actor_core_setup setup_of(const std::string& name, const gather_options& options,
                          std::size_t services, const run_options& run);

template <class Req, class Resp>
struct gather_blueprint : pipe_tag {
  using request = Req;
  using response = std::vector<result<Resp>>;

  std::string name;
  std::vector<responder<Req, Resp>> services;
  gather_options options;

  gather_blueprint(std::string n, std::vector<responder<Req, Resp>> s, gather_options o)
      : name(std::move(n)), services(std::move(s)), options(o) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    auto n = service_node(name, {.parallel = options.in_flight});
    n.kind = pattern_kind::scatter_gather;
    const auto shared = std::make_shared<shared_service<gather_blueprint>>(*this);
    return attach_service_from<T, Req, response>(
        f, std::move(n), [shared](caf::actor_system& sys) { return shared->get(sys); });
  }

  std::shared_ptr<service_core<Req, response>> serve(caf::actor_system& sys,
                                                     run_options run) const {
    using actor = gather_actor<Req, Resp>;
    typename actor::services all;
    actor_core_state::services own;
    const gather_setup setup{options.gather, services.size(), options.within};
    std::shared_ptr<actor_core<Req, response>> core;
    try {
      for (std::size_t i = 0; i < services.size(); ++i) {
        auto s = services[i].serve(sys, name + "." + std::to_string(i), options, run);
        all.push_back(std::move(s.ask));
        if (s.own != nullptr)
          own.push_back(std::move(s.own));
      }
      core = std::make_shared<actor_core<Req, response>>(
          sys, setup_of(name, options, services.size(), run),
          [&](const std::shared_ptr<request_account>& account) {
            return spawn<actor>(sys, account, run.ctx, setup, std::move(all));
          },
          nullptr, own);
    } catch (...) { // no room for all of them
      for (const auto& s : own)
        end_unasked(*s);
      throw;
    }
    if (run.watch != nullptr)
      run.watch->watch(core->shown());
    return core;
  }
};

} // namespace detail

/// One request to several services, and one answer: the results of all, in their order.
///
///     auto search = troupe::scatter_gather<query, hits>("search", {ask_a, ask_b, svc_c},
///                                                       {.gather = troupe::gather::quorum(2),
///                                                        .within = 50ms});
///     auto svc = troupe::serve(sys, search);
///     auto answer = svc.ask(q).get();     // result<std::vector<result<hits>>>
///
/// Shape:  a blueprint for `serve`, and a stage: flow<Req> -> flow<std::vector<result<Resp>>>,
///         order kept, `in_flight` requests at once, 16 at most. One actor gathers; each function
///         runs in a worker_pool of its own, `name.0`, `name.1`, ..., with `workers` threads, since
///         it may block.
/// Bound:  `in_flight` requests; one more is refused with errc::pool_full, and `ask` never waits.
///         A request is copied for each service.
/// Units:  `within` counts from the request's arrival at the actor; zero: no limit. A service that
///         never answers then keeps its request open until its caller gives up.
/// Errors: in the answer: each service's own, cancelled (enough others had answered), timed_out
///         (the limit). Of the whole: quorum_unreachable when too few can succeed, cancelled and
///         deadline_exceeded for the caller's context, closed at the end. Whoever is not waited for
///         is cancelled through its context; a function that does not look at its context keeps its
///         worker busy until it returns. std::invalid_argument for an option out of range.
/// Source: the scatter-gather pattern (Hohpe, Woolf: Enterprise Integration Patterns).
template <class Req, class Resp>
detail::gather_blueprint<Req, Resp> scatter_gather(std::string name,
                                                   std::vector<responder<Req, Resp>> services,
                                                   gather_options options = {}) {
  static_assert(std::copy_constructible<Req>,
                "troupe: scatter_gather gives each service a copy of the request; this request "
                "cannot be copied");
  validate(options, name, services.size());
  return {std::move(name), std::move(services), options};
}

} // namespace troupe
