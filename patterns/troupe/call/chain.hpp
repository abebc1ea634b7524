#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <troupe/call/breaker_layer.hpp>
#include <troupe/call/bulkhead_layer.hpp>
#include <troupe/call/fallback_layer.hpp>
#include <troupe/call/hedge_layer.hpp>
#include <troupe/call/rate_limit_layer.hpp>
#include <troupe/call/retry_layer.hpp>
#include <troupe/call/timeout_layer.hpp>
#include <troupe/run/stage_controls.hpp>

// A call's policies, as they were written, made into layers of a stage's workers. For those of a
// served call see served_chain.hpp.
namespace troupe::detail {

/// What the layers of one call share, and what can be seen and changed of them.
class call_controls final : public stage_controls {
public:
  call_controls(caf::actor_system& sys, std::string name, std::string run)
      : system_(&sys), name_(std::move(name)), run_(std::move(run)) {}

  void configure(const settings& s) override;
  std::shared_ptr<shared_breaker> breaker() const override {
    return breakers_.empty() ? nullptr : breakers_.front();
  }

  std::vector<caf::actor> workers() const override;
  /// Worker `i` is this one now; null: it is gone.
  void show_worker(std::size_t i, const caf::actor& actor);

  /// Null: nobody tries again.
  const std::shared_ptr<shared_budget>& budget() const noexcept { return budget_; }

  std::shared_ptr<retry_state> add(const retry& p);
  std::shared_ptr<hedge_state> add(const hedge& p);
  std::shared_ptr<shared_breaker> add(const circuit_breaker& p);
  std::shared_ptr<shared_limit> add(const limit_policy& p);
  std::shared_ptr<shared_bulkhead> add(const bulkhead& p);
  std::shared_ptr<timeout_state> add(const timeout& p);

private:
  /// One for all, with the share that the outermost retry gives it.
  std::shared_ptr<shared_budget> budget(double share);
  void check(const settings& s) const;

  caf::actor_system* system_;
  std::string name_;
  std::string run_; ///< may be empty
  std::shared_ptr<shared_budget> budget_;
  std::vector<std::shared_ptr<shared_breaker>> breakers_; ///< outermost first
  std::vector<std::shared_ptr<retry_state>> retries_;
  std::vector<std::shared_ptr<shared_limit>> limits_;
  std::vector<std::shared_ptr<timeout_state>> timeouts_;
  mutable std::mutex workers_mutex_;
  std::vector<caf::actor> workers_;
};

/// What a policy is called where it is refused, and which layer it becomes.
template <class P>
struct policy_layer;
template <>
struct policy_layer<retry> {
  static constexpr std::string_view word = "retry";
  template <class Resp, class Next>
  using type = retry_layer<Resp, Next>;
};
template <>
struct policy_layer<hedge> {
  static constexpr std::string_view word = "hedge";
  template <class Resp, class Next>
  using type = hedge_layer<Resp, Next>;
};
template <>
struct policy_layer<circuit_breaker> {
  static constexpr std::string_view word = "circuit_breaker";
  template <class Resp, class Next>
  using type = breaker_layer<Resp, Next>;
};
template <>
struct policy_layer<limit_policy> {
  static constexpr std::string_view word = "rate_limit";
  template <class Resp, class Next>
  using type = rate_limit_layer<Resp, Next>;
};
template <>
struct policy_layer<bulkhead> {
  static constexpr std::string_view word = "bulkhead";
  template <class Resp, class Next>
  using type = bulkhead_layer<Resp, Next>;
};
template <>
struct policy_layer<timeout> {
  static constexpr std::string_view word = "timeout";
  template <class Resp, class Next>
  using type = timeout_layer<Resp, Next>;
};
template <class F>
struct policy_layer<fallback<F>> {
  static constexpr std::string_view word = "fallback";
  template <class Resp, class Next>
  using type = fallback_layer<Resp, fallback_state<F, Resp>, Next>;
};

template <class P>
concept call_policy = requires {
  policy_layer<P>::word;
};

template <class Resp, class Leaf>
Leaf stacked(call_controls&, Leaf leaf) {
  return leaf;
}
template <class Resp, class Leaf, class P, class... More>
auto stacked(call_controls& c, Leaf leaf, const P& p, const More&... inner) {
  // The outermost is the first to be known to the controls.
  auto state = [&] {
    if constexpr (requires { c.add(p); })
      return c.add(p);
    else
      return std::make_shared<fallback_state<std::remove_cvref_t<decltype(p.instead)>, Resp>>(p);
  }();
  auto next = stacked<Resp>(c, std::move(leaf), inner...);
  using made = typename policy_layer<P>::template type<Resp, decltype(next)>;
  return made{{std::move(state), std::move(next)}};
}

/// All layers of an inlined call, and its function inside of them.
template <class Layers>
struct call_chain {
  Layers layers;
  std::shared_ptr<shared_budget> budget; ///< null: nobody tries again

  template <class Host, class Attempt, class Done>
  void run(Host& host, Attempt attempt, Done done) {
    if (budget)
      budget->call(host.now());
    layers.run(host, std::move(attempt), std::move(done));
  }
};

template <class Resp, class Leaf, class... P>
auto make_chain(call_controls& c, Leaf leaf, const P&... policies) {
  auto layers = stacked<Resp>(c, std::move(leaf), policies...);
  return call_chain<decltype(layers)>{std::move(layers), c.budget()};
}

/// Whether calls with these policies need an actor that has timers.
template <class... P>
inline constexpr bool needs_actor = ((std::same_as<P, timeout> || std::same_as<P, hedge>) || ...);
/// Whether the function may be called again for the same request.
template <class... P>
inline constexpr bool calls_again = ((std::same_as<P, retry> || std::same_as<P, hedge>) || ...);

/// Whether a policy wants to see the request after an attempt.
template <class P, class Req>
inline constexpr bool wants_request = false;
template <class F, class Req>
inline constexpr bool wants_request<fallback<F>, Req> = falls_back_on_request<F, Req>;

} // namespace troupe::detail
