#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include <caf/fwd.hpp>

#include <troupe/context.hpp>
#include <troupe/detail/held.hpp>
#include <troupe/result.hpp>

namespace troupe::detail {

/// Runs a system with the testing scheduler until `done`. Errors: std::logic_error if nothing is
/// left to do.
void drive_until(caf::actor_system& sys, const std::function<bool()>& done);
bool is_driven(caf::actor_system& sys);
/// Lets virtual time pass, in which others go on; false, at once, if the context ends before.
bool drive_for(caf::actor_system& sys, duration d, const context& ctx);

/// Keeps the promise. An answer that throws when it is moved is replaced by an error.
template <class Resp>
auto keeping(std::shared_ptr<std::promise<result<Resp>>> promise) {
  return [promise = std::move(promise)](result<Resp>&& r) {
    try {
      promise->set_value(std::move(r));
    } catch (...) {
      promise->set_value(result<Resp>{tl::unexpect, not_handed_on("answer")});
    }
  };
}

/// The future of a promise that is kept by actors. Under the testing scheduler nothing happens
/// unless somebody makes it: then asking the future does.
template <class Resp>
std::future<result<Resp>> future_of(caf::actor_system& sys,
                                    const std::shared_ptr<std::promise<result<Resp>>>& promise) {
  auto future = promise->get_future();
  // Of what is over: there may be no actor system any more.
  if (future.wait_for(std::chrono::seconds{0}) == std::future_status::ready || !is_driven(sys))
    return future;
  return std::async(std::launch::deferred, [&sys, f = std::move(future)]() mutable {
    drive_until(sys,
                [&f] { return f.wait_for(std::chrono::seconds{0}) == std::future_status::ready; });
    return f.get();
  });
}

} // namespace troupe::detail
