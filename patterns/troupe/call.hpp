#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <troupe/call/pipe.hpp>

namespace troupe {

/// A function behind policies: what of a call is tried again, cut short, held back, or refused.
///
///     auto pricing = troupe::call("pricing", fetch_quote, troupe::call_options{.workers = 4},
///                                 troupe::retry{.attempts = 3, .backoff = {20ms, 1s}},
///                                 troupe::circuit_breaker{.cooldown = 2s},
///                                 troupe::timeout{200ms});      // retry(breaker(timeout(f)))
///     auto svc = troupe::serve(sys, pricing);                   // svc.ask(order)
///     auto f = orders | pricing | troupe::sink(…);              // the same as a stage
///
/// Shape:  f: Resp(Req), Resp(const Req&) or troupe::result<Resp> of either, and with a
///         troupe::context& behind. Policies are applied in the order they are written, outermost
///         first, each any number of times: fallback, retry, hedge, circuit_breaker, rate_limit,
///         bulkhead, timeout. Served: one actor runs the policies and supervises `workers` actors
///         with a thread each that call f. As a stage: flow<Req> -> flow<Resp>, order kept; without
///         timeout and hedge the policies run in the stage's workers, else each item is asked of
///         such a service. Whoever makes a call shares its breakers, limits and budget.
/// Bound:  `queue` calls wait, one more for each worker is in work. Beyond it `overflow` decides:
///         shed refuses with errc::pool_full, backpressure lets `ask` wait.
/// Errors: refusals are breaker_open, rate_limited and pool_full, with `retry_after` where it is
///         known; timed_out; retries_exhausted with `attempts()` and the text of the last error;
///         worker_died for what f throws, which makes it anew, or a worker that was killed: that is
///         restarted after `restarts`. An error that f returns is the answer. Cancelled and expired
///         contexts end a call at once, and f's context& with it. A timed-out worker is free again
///         when f returns; its late answer is discarded. std::invalid_argument for an option out of
///         range, naming call, policy, option, value and range.
/// Source: Resilience4j and failsafe-go for the policies, tower for their order.
template <class Req, class Resp, class F, class... P>
auto call(std::string name, F&& f, P&&... policies) {
  using function = std::decay_t<F>;
  if constexpr (!detail::serves<function, Req, Resp>) {
    static_assert(detail::never<F>, "troupe: the function of this call does not take the request "
                                    "and return the response, or cannot be copied");
  } else if constexpr (!detail::call_arguments<std::decay_t<P>...>) {
    static_assert(detail::never<F>,
                  "troupe: call takes policies after the function: fallback, retry, hedge, "
                  "circuit_breaker, rate_limit, bulkhead, timeout; and call_options before them");
  } else if constexpr (!detail::repeatable<function, Req, std::decay_t<P>...>) {
    static_assert(detail::never<F>,
                  "troupe: retry and hedge need the request again, but this function consumes it "
                  "and it cannot be copied; take it by const reference");
  } else if constexpr (!(detail::answerable<std::decay_t<P>, Req, Resp> && ...)) {
    static_assert(detail::never<F>,
                  "troupe: a fallback of this call is neither the response nor a function of "
                  "request and error, of the error or of nothing that returns one; and last_value "
                  "needs a response that can be copied");
  } else {
    return detail::make_call_pipe<Req, Resp, function>(std::move(name), std::forward<F>(f),
                                                       std::forward<P>(policies)...);
  }
}

template <class F, class... P>
auto call(std::string name, F&& f, P&&... policies) {
  if constexpr (detail::has_signature<F>) {
    using request = detail::parameter_t<F>;
    using response
        = detail::unwrapped_t<typename detail::signature<std::remove_cvref_t<F>>::result>;
    return troupe::call<request, response>(std::move(name), std::forward<F>(f),
                                           std::forward<P>(policies)...);
  } else {
    static_assert(detail::never<F>, "troupe: the types of this generic function cannot be told; "
                                    "write call<Request, Response>(...)");
    return detail::call_pipe<int, int, int (*)(int)>{std::move(name), nullptr, {}};
  }
}

} // namespace troupe
