#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <troupe/call/chain.hpp>
#include <troupe/call/inline_stage.hpp>
#include <troupe/call/prepared_call.hpp>
#include <troupe/call_options.hpp>
#include <troupe/service.hpp>
#include <troupe/service/service_stage.hpp>
#include <troupe/worker_pool.hpp>

namespace troupe::detail {

template <class... P>
struct arguments_of_call : std::bool_constant<(call_policy<P> && ...)> {};
template <class... P>
struct arguments_of_call<call_options, P...> : std::bool_constant<(call_policy<P> && ...)> {};
template <class... P>
concept call_arguments = arguments_of_call<P...>::value;

/// Whether the function leaves its request intact, where it is needed again.
template <class F, class Req, class... P>
concept repeatable = !calls_again<P...> || can_keep<F, Req>;

/// Whether the policy can give this call's answers.
template <class P, class Req, class Resp>
inline constexpr bool answerable = true;
template <class F, class Req, class Resp>
inline constexpr bool answerable<fallback<F>, Req, Resp> = stands_in<F, Req, Resp>;

/// Throws std::invalid_argument for an option out of range.
void check_policy(const std::string& call, const retry& p);
void check_policy(const std::string& call, const hedge& p);
void check_policy(const std::string& call, const circuit_breaker& p);
void check_policy(const std::string& call, const limit_policy& p);
void check_policy(const std::string& call, const bulkhead& p);
void check_policy(const std::string& call, const timeout& p);
template <class F>
void check_policy(const std::string&, const fallback<F>&) {}

/// What a call with this policy is; of several, a breaker says most, then a limit.
template <class P>
inline constexpr pattern_kind kind_with = pattern_kind::worker_pool;
template <>
inline constexpr pattern_kind kind_with<circuit_breaker> = pattern_kind::circuit_breaker;
template <>
inline constexpr pattern_kind kind_with<limit_policy> = pattern_kind::rate_limiter;
pattern_kind kind_of_call(std::initializer_list<pattern_kind> policies);

/// What a call looks like as a stage.
node call_node(std::string name, const call_options& o, pattern_kind kind);

template <class Req, class Resp, class F, class... P>
struct call_pipe : pipe_tag {
  using request = Req;
  using response = Resp;

  std::string name;
  F function;
  call_options options;
  std::tuple<P...> policies;

  call_pipe(std::string n, F f, call_options o, P... p)
      : name(std::move(n)), function(std::move(f)), options(std::move(o)),
        policies(std::move(p)...) {
    validate(options, name);
    (void)setup_of(name, options, kind(), {});
    std::apply([this](const auto&... each) { (check_policy(name, each), ...); }, policies);
  }

  template <class T>
  auto attach(const flow<T>& f) const {
    auto n = call_node(name, options, kind());
    if constexpr (std::is_void_v<Resp>) {
      return wont_be_followed<T>();
    } else if constexpr (!std::convertible_to<T, Req>) {
      static_assert(never<T>, "troupe: this service does not accept the item type that the flow "
                              "hands it");
      return flow<invalid>{};
    } else if constexpr (needs_actor<P...>) {
      return served<T>(f, std::move(n));
    } else {
      return waits_for_others() ? served<T>(f, std::move(n)) : inlined<T>(f, std::move(n));
    }
  }

  std::shared_ptr<service_core<Req, Resp>> serve(caf::actor_system& sys,
                                                 const run_options& run) const {
    return prepared(sys, run.name).serve(sys, run);
  }

private:
  prepared_call<Req, Resp> prepared(caf::actor_system& sys, const std::string& run) const {
    auto chain = std::make_shared<served_chain>(std::make_shared<call_controls>(sys, name, run));
    std::apply([&](const auto&... each) { (add_layer<Req, Resp>(*chain, each), ...); }, policies);
    return {name, options, kind(), std::move(chain),
            std::make_shared<const typed_function<Req, Resp, F>>(
                std::make_shared<const F>(function), name, keeps())};
  }

  // The request is needed after an attempt: for the next one, or for who answers instead.
  static constexpr bool keeps() {
    return can_keep<F, Req> && (calls_again<P...> || (wants_request<P, Req> || ...));
  }

  static pattern_kind kind() { return kind_of_call({kind_with<P>...}); }

  // A place that somebody else gives back cannot be waited for in a worker.
  bool waits_for_others() const {
    return std::apply([](const auto&... each) { return (waits_for_place(each) || ...); }, policies);
  }
  template <class Policy>
  static bool waits_for_place(const Policy& p) {
    if constexpr (std::same_as<Policy, bulkhead>)
      return p.wait > duration::zero();
    else
      return false;
  }

  template <class T>
  auto served(const flow<T>& f, node n) const {
    n.workers = std::min<std::size_t>(options.workers, most_waiting_workers);
    using op = ask_op<T, Req, Resp>;
    n.make_kit = [self = *this, keep = n.on_error.keeps_item()](caf::actor_system& system,
                                                                const std::string& run) {
      const auto call = self.prepared(system, run);
      const auto shared = std::make_shared<shared_service<prepared_call<Req, Resp>>>(call);
      return shared_kit{call.chain->controls(), [shared, keep](caf::actor_system& sys) {
                          return std::make_unique<item_kernel<op>>(op{shared->get(sys), keep});
                        }};
    };
    return extend<typename op::output>(f, std::move(n));
  }

  template <class T>
  auto inlined(const flow<T>& f, node n) const {
    const auto make = [self = *this](call_controls& c) {
      return std::apply(
          [&](const auto&... each) {
            return make_chain<Resp>(
                c,
                inline_leaf<Req, Resp, F>{{std::make_shared<const F>(self.function), self.name},
                                          keeps()},
                each...);
          },
          self.policies);
    };
    return attach_inline<T, Req, Resp>(f, std::move(n), make);
  }
};

template <class Req, class Resp, class F, class... P>
auto make_call_pipe(std::string name, F f, call_options o, P... policies) {
  return call_pipe<Req, Resp, F, P...>{std::move(name), std::move(f), std::move(o),
                                       std::move(policies)...};
}
template <class Req, class Resp, class F, call_policy... P>
auto make_call_pipe(std::string name, F f, P... policies) {
  return call_pipe<Req, Resp, F, P...>{std::move(name), std::move(f), call_options{},
                                       std::move(policies)...};
}

} // namespace troupe::detail
