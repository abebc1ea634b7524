#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/policy/overflow.hpp>
#include <troupe/pool/pool_core.hpp>
#include <troupe/service.hpp>
#include <troupe/stage.hpp>

namespace troupe {

struct pool_options {
  worker_range workers = {}; ///< actors that run the function; between min and max by load
  count queue = 1024;        ///< calls that may wait; as a stage: items on the edge into it
  troupe::overflow overflow = troupe::overflow::backpressure; ///< or shed
  troupe::on_error on_error = troupe::on_error::stop; ///< of a served pool, only `retry` matters
  /// Of a stage only, as in stage_options: a served pool makes a function that threw anew, always.
  restart_intensity intensity = restart_intensity::never();
  std::optional<adaptive_limit> limit = {}; ///< of the calls inside; of a served pool only
  time_span wait_target = std::chrono::milliseconds{100}; ///< a longer wait makes the pool grow
  time_span cooldown = std::chrono::seconds{1};           ///< between changes of its size
  troupe::thread thread = troupe::thread::shared;
};

namespace detail {

node pool_node(std::string name, const pool_options& options);
/// The same pool as the end of `inbox | sink`, and the queue before it.
node served_pool_node(std::string name, const pool_options& options);
node pool_queue_node(const std::string& name, const pool_options& options);
/// The most calls that can be inside.
std::size_t most_calls(const pool_options& options);
std::shared_ptr<door> pool_door(caf::actor_system& sys, std::shared_ptr<run_state> state,
                                const pool_options& options);

template <class Answer, class Resp>
concept answer_of
    = std::convertible_to<Answer, result<Resp>> ||(std::is_void_v<Resp>&& std::is_void_v<Answer>);

template <class F, class Req, class Resp>
concept serves = std::copy_constructible<F> && accepts<F, Req> && answer_of<answer_t<F, Req>, Resp>;

template <class Req, class Resp, class F>
struct pool_pipe : pipe_tag {
  using request = Req;
  using response = Resp;

  std::string name;
  F function;
  pool_options options;

  pool_pipe(std::string n, F f, pool_options o)
      : name(std::move(n)), function(std::move(f)), options(std::move(o)) {
    (void)pool_node(name, options); // checks them where they are written
  }

  template <class T>
  auto attach(const flow<T>& f) const {
    if constexpr (std::is_void_v<Resp>) {
      return wont_be_followed<T>();
    } else if constexpr (accepts<F, T>) {
      using op = map_op<T, F>;
      return extend<typename op::output>(
          f, with_kernel(pool_node(name, options), op{function, options.on_error.keeps_item()}));
    } else {
      static_assert(never<T>, "troupe: this service does not accept the item type that the flow "
                              "hands it");
      return flow<invalid>{};
    }
  }

  std::shared_ptr<service_core<Req, Resp>> serve(caf::actor_system& sys, run_options run) const {
    using item = call_item<Req, Resp>;
    const auto calls = most_calls(options);
    auto queue = std::make_shared<inbox_queue<item>>(name, calls, overflow::backpressure, nullptr);
    auto front = pool_queue_node(name, options);
    front.output = item_type_of<item>();
    front.source.make = [queue](std::size_t, caf::actor_system& s) {
      return std::make_unique<inbox_source<item>>(queue, s);
    };
    const bool retries = options.on_error.retries() != nullptr;
    auto pool = with_kernel(served_pool_node(name, options),
                            serve_op<Req, Resp, F>{function, name, retries});
    if (run.name.empty())
      run.name = name;
    const auto drain_limit = run.drain_limit;
    auto started = start(sys, access::make<void>(append(begin(std::move(front)), std::move(pool))),
                         std::move(run));
    auto entrance = pool_door(sys, state_of(started), options);
    return std::make_shared<pool_core<Req, Resp>>(
        std::move(queue), std::move(entrance), full_of("worker_pool", name, options.overflow),
        std::make_unique<pool_run>(sys, name, std::move(started), drain_limit));
  }
};

} // namespace detail

/// A number of workers that answer requests, as a service or as a stage.
///
///     auto resize = troupe::worker_pool("resize", resize_image,
///                                       {.workers = {.min = 1, .max = 16}, .queue = 100,
///                                        .overflow = troupe::overflow::shed});
///     auto svc = troupe::serve(sys, resize);            // svc.ask(image)
///     auto f = images | resize | troupe::sink(…);       // the same as a parallel stage
///
/// Shape:  f: Resp(Req), Resp(const Req&) or troupe::result<Resp> of either, and with a
///         troupe::context& behind. Resp may be void: then it can be served only. A distributor and
///         `workers` actors, each with its copy of f; the least loaded gets the next call. As a
///         stage: flow<Req> -> flow<Resp>, order kept.
/// Bound:  `queue` calls wait, one more for each worker is in work. Beyond it `overflow` decides:
///         shed refuses with errc::pool_full, backpressure lets `ask` wait. `limit` may
///         let fewer in.
/// Size:   grows by 20 % when all workers are busy and calls wait, or wait longer than
///         `wait_target`; shrinks by 10 % when less than 30 % are busy; a `cooldown` between
///         changes. A worker that is not needed rests: no call is lost or repeated.
/// Errors: an error that f returns is the answer. A throw ends the worker's f, which is made anew,
///         and is answered by errc::worker_died; on_error::retry tries again before. A worker that
///         is killed is replaced, and what it had not begun is done by the others.
///         std::invalid_argument for an option out of range.
/// Source: thread pool executors of Java for the bounds; Netflix's concurrency-limits for `limit`.
template <class Req, class Resp, class F>
auto worker_pool(std::string name, F&& f, pool_options options = {}) {
  using function = std::decay_t<F>;
  if constexpr (detail::refers_to<Resp, Req>) {
    static_assert(detail::never<F>,
                  "troupe: the response of this worker_pool is a view into its request, which is "
                  "gone by then; answer with what owns its text or elements");
    return detail::pool_pipe<int, int, int (*)(int)>{std::move(name), nullptr, {}};
  } else if constexpr (detail::serves<function, Req, Resp>) {
    return detail::pool_pipe<Req, Resp, function>{std::move(name), std::forward<F>(f),
                                                  std::move(options)};
  } else {
    static_assert(detail::never<F>,
                  "troupe: the function of this worker_pool does not take the request and return "
                  "the response, or cannot be copied");
    return detail::pool_pipe<Req, Resp, Resp (*)(Req)>{std::move(name), nullptr, {}};
  }
}

template <class F>
auto worker_pool(std::string name, F&& f, pool_options options = {}) {
  if constexpr (detail::has_signature<F>) {
    using request = detail::parameter_t<F>;
    using response
        = detail::unwrapped_t<typename detail::signature<std::remove_cvref_t<F>>::result>;
    return troupe::worker_pool<request, response>(std::move(name), std::forward<F>(f),
                                                  std::move(options));
  } else {
    static_assert(detail::never<F>, "troupe: the types of this generic function cannot be told; "
                                    "write worker_pool<Request, Response>(...)");
    return detail::pool_pipe<int, int, int (*)(int)>{std::move(name), nullptr, {}};
  }
}

} // namespace troupe
