#pragma once

#include <memory>
#include <vector>

#include <troupe/call/chain.hpp>
#include <troupe/call/served_layer.hpp>

namespace troupe::detail {

/// The layers of a served call, and its function inside. Shared by the actors that serve it.
class served_chain {
public:
  explicit served_chain(std::shared_ptr<call_controls> controls);
  served_chain(const served_chain&) = delete;
  served_chain& operator=(const served_chain&) = delete;
  ~served_chain() = default;

  /// Inside of those that were added before.
  void add(const retry& p);
  void add(const hedge& p);
  void add(const circuit_breaker& p);
  void add(const limit_policy& p);
  void add(const bulkhead& p);
  void add(const timeout& p);
  void add(std::shared_ptr<served_fallback> f);

  void run(call_supervisor& host, scoped_attempt attempt, on_answer done) const;
  const std::shared_ptr<call_controls>& controls() const noexcept { return controls_; }

private:
  template <class Layer, class State>
  void append(std::shared_ptr<State> state);

  std::shared_ptr<call_controls> controls_;
  std::vector<std::unique_ptr<served_layer>> layers_; ///< outermost first
};

/// A fallback of a call with these types.
template <class Req, class Resp, class F>
class typed_fallback final : public served_fallback {
public:
  explicit typed_fallback(const fallback<F>& policy) : state_(policy) {}

  void note(const untyped& good) override { state_.note(*static_cast<const Resp*>(good.get())); }
  result<untyped> instead(const untyped& request, const error& why) override {
    auto r = state_.instead(*static_cast<const Req*>(request.get()), why);
    return without_type(r);
  }

private:
  fallback_state<F, Resp> state_;
};

template <class Req, class Resp, class P>
void add_layer(served_chain& c, const P& p) {
  c.add(p);
}
template <class Req, class Resp, class F>
void add_layer(served_chain& c, const fallback<F>& p) {
  c.add(std::make_shared<typed_fallback<Req, Resp, F>>(p));
}

} // namespace troupe::detail
