#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include <caf/fwd.hpp>

#include <troupe/context.hpp>
#include <troupe/result.hpp>
#include <troupe/tools/held.hpp>

namespace troupe::detail {

/// Runs a system with the testing scheduler until `done`. Errors: std::logic_error if nothing is
/// left to do.
void drive_until(caf::actor_system& sys, const std::function<bool()>& done);
bool is_driven(caf::actor_system& sys);
/// Lets virtual time pass, in which others go on; false, at once, if the context ends before.
bool drive_for(caf::actor_system& sys, duration d, const context& ctx);

/// Keeps the promise of an answer. Who is to get it out of a std::future itself must have one that
/// does not throw when it is moved; in a box any may be.
template <class Resp>
auto keeping(std::shared_ptr<std::promise<result<Resp>>> promise) {
  return [promise = std::move(promise)](result<Resp>&& r) { promise->set_value(std::move(r)); };
}
template <class Resp>
auto keeping(std::shared_ptr<std::promise<std::shared_ptr<result<Resp>>>> promise) {
  return [promise = std::move(promise)](result<Resp>&& r) { promise->set_value(boxed(r)); };
}

/// The future of a promise that is kept by actors. Under the testing scheduler nothing happens
/// unless somebody makes it: then asking the future does.
template <class Answer>
std::future<Answer> future_of(caf::actor_system& sys,
                              const std::shared_ptr<std::promise<Answer>>& promise) {
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
