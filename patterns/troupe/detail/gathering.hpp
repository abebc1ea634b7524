#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <troupe/detail/gather_request.hpp>
#include <troupe/gather_options.hpp>

namespace troupe::detail {

/// The door of a running scatter-gather: its actor, and the bound of what it holds.
class gather_gate {
public:
  gather_gate(caf::actor_system& sys, const std::string& name, const gather_options& o,
              std::size_t services);
  gather_gate(const gather_gate&) = delete;
  gather_gate& operator=(const gather_gate&) = delete;
  /// What is not answered yet is answered `closed`, and its services are cancelled.
  ~gather_gate();

  /// The refusal where there is no room for a request more. Else it is counted, until what `leave`
  /// gives is called.
  std::optional<error> enter();
  std::function<void()> leave() const;
  void submit(std::shared_ptr<gather_job> job) const;

  std::size_t in_flight() const noexcept { return *in_flight_; }

private:
  caf::actor_system& sys_;
  std::string name_;
  std::size_t most_;
  std::shared_ptr<std::atomic<std::size_t>> in_flight_; // outlives the gate: late answers count
  caf::actor actor_;
};

/// A running scatter-gather: asks all services, and answers as the options have it.
template <class Req, class Resp>
class gathering {
public:
  using request = gather_request<Req, Resp>;
  using services = typename request::services;
  using done_function = typename request::done_function;

  gathering(caf::actor_system& sys, const std::string& name, const gather_options& o, services all)
      : gate_(sys, name, o, all.size()),
        services_(std::make_shared<const services>(std::move(all))) {}

  /// `done` is called once: here if it is refused, else by the actor.
  void operator()(Req r, const context& ctx, done_function done) {
    if (auto refusal = gate_.enter()) {
      done(tl::unexpected<error>{std::move(*refusal)});
      return;
    }
    auto counted = [done = std::move(done), leave = gate_.leave()](auto answer) {
      leave();
      done(std::move(answer));
    };
    gate_.submit(std::make_shared<request>(services_, std::move(r), ctx, std::move(counted)));
  }

  std::size_t in_flight() const noexcept { return gate_.in_flight(); }

private:
  gather_gate gate_;
  std::shared_ptr<const services> services_;
};

} // namespace troupe::detail
