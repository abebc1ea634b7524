#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <caf/fwd.hpp>

#include <troupe/detail/views.hpp>
#include <troupe/flow.hpp>
#include <troupe/kernel/item_kernel.hpp>
#include <troupe/options.hpp>

namespace troupe {

struct stage_options {
  count parallel = 1;            ///< actors that run the function at the same time
  emit order = emit::in_order;   ///< of the results, with parallel > 1
  count buffer = default_buffer; ///< most items on the edge into the stage
  batch_size batch = automatic;  ///< items handled at a time; 1 to buffer
  troupe::on_error on_error = troupe::on_error::stop;
  /// How often the function may be made anew because it threw, in all its actors together. `never`:
  /// it is kept as it is, and a throw is a failing item like any other.
  restart_intensity intensity = restart_intensity::never();
  troupe::thread thread = troupe::thread::shared;
};

namespace detail {

template <class T, class F>
struct map_op : faulty {
  using input = T;
  using output = unwrapped_t<answer_t<F, T>>;

  F function;
  bool keep;

  map_op(F f, bool k) : function(std::move(f)), keep(k) {}

  bool keeps() const noexcept { return can_keep<F, T>; }
  disposition operator()(T& item, emitter<output>& out, kernel_host& host) {
    return settle(call_on(function, item, keep, host.ctx()), out, fault);
  }
};

inline node stage_node(std::string name, std::string_view what, const stage_options& o) {
  node n;
  n.name = std::move(name);
  n.what = what;
  n.workers = o.parallel;
  n.order = o.order;
  n.buffer = o.buffer;
  n.batch = o.batch;
  n.on_error = o.on_error;
  n.intensity = o.intensity;
  n.thread = o.thread;
  n.answers_each = true;
  return n;
}

/// A node that runs `op` over its items; each actor gets a copy.
template <std::copy_constructible Op>
node with_kernel(node n, Op op) {
  // Shared: who hands on how it is made does not copy what the user's code may throw at.
  n.make_kernel = [op = std::make_shared<const Op>(std::move(op))](caf::actor_system&) {
    return std::make_unique<item_kernel<Op>>(*op);
  };
  return n;
}

/// The same for an operation that cannot be copied: `make`, which may take the actor system, makes
/// one for each actor.
template <class Make>
node with_fresh(node n, Make make) {
  if constexpr (std::invocable<const Make&, caf::actor_system&>) {
    using op = std::invoke_result_t<const Make&, caf::actor_system&>;
    n.make_kernel = [make = std::make_shared<const Make>(std::move(make))](caf::actor_system& sys) {
      return std::make_unique<item_kernel<op>>((*make)(sys));
    };
  } else {
    using op = std::invoke_result_t<const Make&>;
    n.make_kernel = [make = std::make_shared<const Make>(std::move(make))](caf::actor_system&) {
      return std::make_unique<item_kernel<op>>((*make)());
    };
  }
  return n;
}

template <class F>
struct stage_pipe : pipe_tag {
  std::string name;
  std::string_view what;
  F function;
  stage_options options;

  stage_pipe(std::string n, std::string_view w, F f, stage_options o)
      : name(std::move(n)), what(w), function(std::move(f)), options(std::move(o)) {}

  template <class T>
  auto attach(const flow<T>& f) const {
    if constexpr (pipe<F>) {
      return wont_run_parts<T>();
    } else if constexpr (!std::copy_constructible<F>) {
      static_assert(never<T>,
                    "troupe: a stage's function must be copyable: each run and each parallel "
                    "actor gets a copy (share what cannot be copied through a "
                    "std::shared_ptr)");
      return flow<invalid>{};
    } else if constexpr (!accepts<F, T>) {
      static_assert(never<T>,
                    "troupe: the function of this stage does not accept the item type that "
                    "the flow hands it");
      return flow<invalid>{};
    } else if constexpr (std::is_void_v<unwrapped_t<answer_t<F, T>>>) {
      static_assert(never<T>,
                    "troupe: the function of a stage must return a value; use sink or tap "
                    "for one that returns nothing");
      return flow<invalid>{};
    } else if constexpr (!outlives_item<F, T, unwrapped_t<answer_t<F, T>>>) {
      return wont_hand_on_views<T>();
    } else {
      using op = map_op<T, F>;
      return extend<typename op::output>(f,
                                         with_kernel(stage_node(name, what, options),
                                                     op{function, options.on_error.keeps_item()}));
    }
  }
};

} // namespace detail

/// Applies `f` to each item: the general transform.
///
///     | troupe::stage("parse", parse_order, {.parallel = 4, .on_error = troupe::on_error::skip})
///
/// Shape:  flow<T> -> flow<U> for f: U(T), U(const T&), and either with a troupe::context& behind.
///         An answer of std::optional<U> filters, of troupe::result<U> may fail. One actor;
///         parallel = p: p actors, a distributor and a merger. Input order is kept, unless
///         `emit::as_completed`. Each actor has its own copy of f.
/// Bound:  `buffer` items on the edge into it (at least `parallel`).
/// Errors: std::invalid_argument for parallel, buffer or batch out of range. An item that f throws
///         on goes where `on_error` says. With an `intensity` a throw is a crash: the actor makes a
///         new copy of f and goes on behind that item, nothing else is lost; more crashes than that
///         fail the run.
/// Cost:   about 1 ns an item under load for a function that costs nothing.
template <class F>
detail::stage_pipe<std::decay_t<F>> stage(std::string name, F&& f, stage_options options = {}) {
  return {std::move(name), "stage", std::forward<F>(f), std::move(options)};
}

/// `stage` by its usual name, for a function that makes one item of one.
template <class F>
detail::stage_pipe<std::decay_t<F>> map(std::string name, F&& f, stage_options options = {}) {
  return {std::move(name), "map", std::forward<F>(f), std::move(options)};
}

} // namespace troupe
