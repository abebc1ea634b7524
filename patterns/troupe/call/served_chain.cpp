#include <troupe/call/served_chain.hpp>

#include <troupe/call/call_supervisor.hpp>

namespace troupe::detail {

namespace {

template <class Layer>
class linked final : public served_layer {
public:
  template <class State>
  explicit linked(std::shared_ptr<State> state) : layer_{{std::move(state), following{this}}} {}

  void run(call_supervisor& host, scoped_attempt&& attempt, on_answer&& done) override {
    layer_.run(host, std::move(attempt), std::move(done));
  }

private:
  Layer layer_;
};

/// Has a worker call the function.
class attempt_leaf final : public served_layer {
public:
  void run(call_supervisor& host, scoped_attempt&& attempt, on_answer&& done) override {
    host.begin_attempt(std::move(attempt), std::move(done));
  }
};

} // namespace

served_chain::served_chain(std::shared_ptr<call_controls> controls)
    : controls_(std::move(controls)) {
  layers_.push_back(std::make_unique<attempt_leaf>());
}

template <class Layer, class State>
void served_chain::append(std::shared_ptr<State> state) {
  auto made = std::make_unique<linked<Layer>>(std::move(state));
  const auto leaf = layers_.end() - 1;
  made->next = leaf->get();
  if (leaf != layers_.begin())
    (*(leaf - 1))->next = made.get();
  layers_.insert(leaf, std::move(made));
}

void served_chain::add(const retry& p) {
  append<retry_layer<untyped, following>>(controls_->add(p));
}
void served_chain::add(const hedge& p) {
  append<hedge_layer<untyped, following>>(controls_->add(p));
}
void served_chain::add(const circuit_breaker& p) {
  append<breaker_layer<untyped, following>>(controls_->add(p));
}
void served_chain::add(const limit_policy& p) {
  append<rate_limit_layer<untyped, following>>(controls_->add(p));
}
void served_chain::add(const bulkhead& p) {
  append<bulkhead_layer<untyped, following>>(controls_->add(p));
}
void served_chain::add(const timeout& p) {
  append<timeout_layer<untyped, following>>(controls_->add(p));
}
void served_chain::add(std::shared_ptr<served_fallback> f) {
  append<fallback_layer<untyped, served_fallback, following>>(std::move(f));
}

void served_chain::run(call_supervisor& host, scoped_attempt attempt, on_answer done) const {
  if (const auto& budget = controls_->budget())
    budget->call(host.now());
  layers_.front()->run(host, std::move(attempt), std::move(done));
}

} // namespace troupe::detail
