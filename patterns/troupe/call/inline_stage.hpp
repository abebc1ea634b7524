#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/call/chain.hpp>
#include <troupe/call/inline_host.hpp>
#include <troupe/flow.hpp>
#include <troupe/kernel/item_kernel.hpp>
#include <troupe/stage.hpp>

namespace troupe::detail {

/// A call as the operation of a stage: each worker has the layers, and all share their state.
template <class T, class Req, class Resp, class Chain>
struct inline_op : faulty {
  using input = T;
  using output = unwrapped_t<Resp>;

  inline_host host;
  Chain chain;
  bool keep;

  inline_op(inline_host h, Chain c, bool k) : host(std::move(h)), chain(std::move(c)), keep(k) {}

  void begin_batch() noexcept { host.begin_batch(); }
  bool keeps() const noexcept { return keep && std::copy_constructible<T>; }

  disposition operator()(T& item, emitter<output>& out, kernel_host& stage) {
    if constexpr (std::same_as<T, Req>) {
      if (!keeps())
        return answer(item, out, stage);
    }
    Req request = copied(item);
    return answer(request, out, stage);
  }

private:
  Req copied(T& item) const {
    if constexpr (std::copy_constructible<T>)
      return Req(std::as_const(item));
    else
      return Req(std::move(item));
  }

  disposition answer(Req& request, emitter<output>& out, kernel_host& stage) {
    std::optional<disposition> became;
    chain.run(host, inline_attempt<Req>{request, stage.ctx()}, [&](result<Resp>&& answer) {
      for (auto n = host.take_crashes(); n > 0; --n)
        stage.counts().restart();
      became = settle(std::move(answer), out, fault);
    });
    while (!became && host.go_on()) {
    }
    return *became;
  }
};

/// The layers as a stage: `make` makes the chain of a run, and each of its workers gets a copy.
template <class T, class Req, class Resp, class Make>
auto attach_inline(const flow<T>& f, node n, Make make) {
  using chain = std::invoke_result_t<Make&, call_controls&>;
  using op = inline_op<T, Req, Resp, chain>;
  n.make_kit = [make = std::move(make), name = n.name,
                keep = n.on_error.keeps_item()](caf::actor_system& system, const std::string& run) {
    auto controls = std::make_shared<call_controls>(system, name, run);
    return shared_kit{
        controls, [controls, layers = make(*controls), name, keep](caf::actor_system& sys) {
          return std::make_unique<item_kernel<op>>(op{inline_host{sys, name}, layers, keep});
        }};
  };
  return extend<typename op::output>(f, std::move(n));
}

} // namespace troupe::detail
