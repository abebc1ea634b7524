#pragma once

#include <concepts>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <troupe/flow.hpp>
#include <troupe/kernel/item_kernel.hpp>
#include <troupe/service/driven_future.hpp>
#include <troupe/service/service_core.hpp>
#include <troupe/service/service_thread.hpp>
#include <troupe/stage.hpp>

// A service as a stage: its workers ask, and wait.
namespace troupe::detail {

/// More threads than these would mostly wait for each other.
inline constexpr std::size_t most_waiting_workers = 16;

/// Refuses a handle that nobody has got from `serve`, the i-th of those that a pattern is given.
void refuse_empty(std::string_view what, const std::string& name, std::size_t i, bool empty);

node service_node(std::string name, stage_options options);

/// Asks, and blocks the calling thread until there is an answer or the context ends.
template <class Req, class Resp>
result<Resp> ask_and_wait(service_core<Req, Resp>& core, Req r, const context& ctx) {
  auto promise = std::make_shared<std::promise<std::shared_ptr<result<Resp>>>>();
  call_item<Req, Resp> call{std::move(r), ctx, response_promise<Resp>{keeping<Resp>(promise)}};
  call.reply.follow(ctx);
  auto answer = future_of(core.system(), promise);
  core.submit_patiently(std::move(call));
  return moved(*answer.get());
}

template <class T, class Req, class Resp>
struct ask_op : faulty {
  using input = T;
  using output = unwrapped_t<Resp>;

  std::shared_ptr<service_core<Req, Resp>> core;
  bool keep;

  ask_op(std::shared_ptr<service_core<Req, Resp>> c, bool k) : core(std::move(c)), keep(k) {}
  ask_op(ask_op&&) noexcept = default;
  ask_op& operator=(ask_op&&) = delete;
  ~ask_op() {
    // The last one of a service must not wait for it: it has its answers, or does not want them.
    const service_thread at_work;
    core = nullptr;
  }

  static bool keeps() noexcept { return std::copy_constructible<T>; }
  disposition operator()(T& item, emitter<output>& out, kernel_host& host) {
    if constexpr (std::copy_constructible<T>)
      return settle(ask_and_wait(*core, keep ? Req(item) : Req(std::move(item)), host.ctx()), out,
                    fault);
    else
      return settle(ask_and_wait(*core, Req(std::move(item)), host.ctx()), out, fault);
  }
};

/// One service for all the workers of a stage: made when the first of them begins, ended
/// with the last.
template <class B>
class shared_service {
public:
  using core = service_core<typename B::request, typename B::response>;
  explicit shared_service(B blueprint) : blueprint_(std::move(blueprint)) {}

  std::shared_ptr<core> get(caf::actor_system& sys) {
    const std::lock_guard lock{mutex_};
    auto found = core_.lock();
    if (found == nullptr)
      core_ = found = blueprint_.serve(sys, {});
    return found;
  }

private:
  const B blueprint_;
  std::mutex mutex_;
  std::weak_ptr<core> core_;
};

/// `source` gives the service to each actor of a run, with the actor system or without.
template <class T, class Req, class Resp, class Source>
auto attach_service_from(const flow<T>& f, node n, Source source) {
  if constexpr (std::is_void_v<Resp>) {
    return wont_be_followed<T>();
  } else if constexpr (std::convertible_to<T, Req>) {
    using op = ask_op<T, Req, Resp>;
    const bool keep = n.on_error.keeps_item();
    if constexpr (std::invocable<const Source&>)
      return extend<typename op::output>(f, with_fresh(std::move(n), [source, keep] {
                                           return op{source(), keep};
                                         }));
    else
      return extend<typename op::output>(
          f, with_fresh(std::move(n), [source, keep](caf::actor_system& sys) {
            return op{source(sys), keep};
          }));
  } else {
    static_assert(never<T>, "troupe: this service does not accept the item type that the flow "
                            "hands it");
    return flow<invalid>{};
  }
}

template <class T, class Req, class Resp>
auto attach_service(const flow<T>& f, node n, std::shared_ptr<service_core<Req, Resp>> core) {
  return attach_service_from<T, Req, Resp>(f, std::move(n),
                                           [core = std::move(core)] { return core; });
}

} // namespace troupe::detail
