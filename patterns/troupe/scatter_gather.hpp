#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/detail/asking_stage.hpp>
#include <troupe/detail/gathering.hpp>
#include <troupe/gather_options.hpp>
#include <troupe/service.hpp>
#include <troupe/worker_pool.hpp>

namespace troupe {

namespace detail {

/// How a running service is asked by an actor: it never waits for room.
template <class Req, class Resp>
ask_function<Req, Resp> asking(service<Req, Resp> s) {
  return
      [s = std::move(s)](const Req& r, const context& ctx, std::function<void(result<Resp>)> done) {
        const service_thread at_work;
        detail::ask_at_once(s, r, ctx, std::move(done));
      };
}

} // namespace detail

/// One of the services that are asked: a function, or a running service.
///
/// A function is Resp(const Req&) or Resp(Req), or returns a result<Resp>; with a context& behind
/// it learns that nobody waits any more.
template <class Req, class Resp>
class responder {
public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>,
                         responder> && detail::serves<std::decay_t<F>, Req, Resp>) responder(F f)
      : serve_([f = std::move(f)](caf::actor_system& sys, const std::string& name,
                                  const gather_options& o, const run_options& run) {
          const auto n = o.workers;
          return detail::asking(
              troupe::serve(sys,
                            worker_pool<Req, Resp>(name, f,
                                                   {.workers = {.min = n, .max = n},
                                                    .queue = o.in_flight,
                                                    .overflow = overflow::shed,
                                                    .thread = thread::own}),
                            run));
        }) {}

  responder(const service<Req, Resp>& s)
      : serve_([s](caf::actor_system&, const std::string&, const gather_options&,
                   const run_options&) { return detail::asking(s); }) {}

  detail::ask_function<Req, Resp> serve(caf::actor_system& sys, const std::string& name,
                                        const gather_options& o, const run_options& run) const {
    return serve_(sys, name, o, run);
  }

private:
  std::function<detail::ask_function<Req, Resp>(caf::actor_system&, const std::string&,
                                                const gather_options&, const run_options&)>
      serve_;
};

namespace detail {

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
    auto n = asking_node(name, {.parallel = options.in_flight});
    n.kind = pattern_kind::scatter_gather;
    const auto shared = std::make_shared<shared_service<gather_blueprint>>(*this);
    return attach_asking_by<T, Req, response>(
        f, std::move(n), [shared](caf::actor_system& sys) { return shared->get(sys); });
  }

  std::shared_ptr<service_core<Req, response>> serve(caf::actor_system& sys,
                                                     run_options run) const {
    typename gathering<Req, Resp>::services all;
    for (std::size_t i = 0; i < services.size(); ++i)
      all.push_back(services[i].serve(sys, name + "." + std::to_string(i), options, run));
    auto account = std::make_shared<request_account>(sys, name, pattern_kind::scatter_gather,
                                                     options.in_flight, services.size());
    account->belongs_to(run.name);
    if (run.watch != nullptr)
      run.watch->watch(account);
    return std::make_shared<gathering<Req, Resp>>(std::move(account), options, std::move(all),
                                                  run.drain_limit);
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
/// order
///         kept, `in_flight` requests at once, 16 at most. One actor gathers; each function runs in
///         a worker_pool of its own, `name.0`, `name.1`, ..., with `workers` threads, since it may
///         block.
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
