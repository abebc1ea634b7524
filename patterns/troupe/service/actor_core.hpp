#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <troupe/run/stage_controls.hpp>
#include <troupe/service/answering_actor.hpp>
#include <troupe/service/door.hpp>
#include <troupe/service/pending_call.hpp>
#include <troupe/service/service_core.hpp>

namespace troupe::detail {

struct actor_core_setup {
  std::string name;
  pattern_kind kind = pattern_kind::worker_pool;
  std::size_t workers = 1;
  std::size_t most = 1; ///< calls inside
  bool waits = true;    ///< for room
  context ctx = {};
  duration drain_limit{};
  std::string run = {};        ///< its name, if that is another one
  std::size_t own_threads = 0; ///< actors besides the one that answers, each with a thread
};

/// The untyped half of a service that one actor answers: its actors, and their end.
class actor_core_state {
public:
  using services = std::vector<std::shared_ptr<ending_service>>;

  actor_core_state(caf::actor_system& sys, const actor_core_setup& setup);
  actor_core_state(const actor_core_state&) = delete;
  actor_core_state& operator=(const actor_core_state&) = delete;
  ~actor_core_state() = default;

  /// `ended_with`: what ends with this service, and is waited for.
  void set(const caf::actor& who, services ended_with);
  /// Null once all is over.
  caf::actor actor() const;
  const std::shared_ptr<request_account>& account() const noexcept { return account_; }
  const std::shared_ptr<door>& entrance() const noexcept { return door_; }

  /// `nobody_waits`: no handle is left.
  void end(duration limit, bool nobody_waits = false) const;
  report drain(duration limit);
  bool is_over() const;
  caf::actor as_actor(const std::function<caf::actor(caf::actor_system&)>& make) {
    return facade_.get(make);
  }

private:
  std::shared_ptr<request_account> account_;
  std::shared_ptr<door> door_;
  actor_facade facade_;
  mutable std::mutex mutex_;
  caf::actor actor_;
  services ended_with_;
};

/// A running service whose calls go through the door to one actor.
template <class Req, class Resp>
class actor_core final : public service_core<Req, Resp> {
  using item = call_item<Req, Resp>;

public:
  /// `make` spawns the actor that answers: it takes call_msg and ends as answering_actor.
  /// `ended_with`: services that end with this one.
  template <class Make>
  actor_core(caf::actor_system& sys, const actor_core_setup& setup, Make make,
             std::shared_ptr<stage_controls> controls = nullptr,
             actor_core_state::services ended_with = {})
      : service_core<Req, Resp>(sys), state_(sys, setup), controls_(std::move(controls)),
        waits_(setup.waits), drain_limit_(setup.drain_limit) {
    state_.set(make(state_.account()), std::move(ended_with));
  }
  actor_core(const actor_core&) = delete;
  actor_core& operator=(const actor_core&) = delete;

  ~actor_core() override { state_.end(drain_limit_, true); }

  std::shared_ptr<const observable> shown() const { return state_.account(); }

  void submit(item call) override { submit(std::move(call), waits_); }
  void submit_patiently(item call) override { submit(std::move(call), true); }

  bool try_submit(item& call) override {
    if (call.ended_early())
      return true;
    shut_if_over();
    auto place = door::try_enter(state_.entrance());
    if (!place && !state_.entrance()->is_shut()) {
      state_.account()->turn_away();
      return false;
    }
    place ? admit(std::move(call), std::move(*place)) : call.reply.fail(closed());
    return true;
  }

  void end(duration limit) override { state_.end(limit); }
  report drain(duration limit) override {
    this->refuse_wait("drain", "have a thread of your own drain it");
    return state_.drain(limit);
  }
  bool is_over() const override { return state_.is_over(); }
  duration drain_limit() const override { return drain_limit_; }
  stage_metrics metrics() const override { return state_.account()->metrics(); }
  void configure(const settings& s) override {
    if (controls_ == nullptr)
      service_core<Req, Resp>::configure(s);
    else
      controls_->configure(s);
  }
  breaker_handle breaker() const override {
    return breaker_handle{controls_ == nullptr ? nullptr : controls_->breaker()};
  }
  caf::actor_system& system() const override { return state_.account()->system(); }
  std::string name() const override { return state_.account()->name(); }
  std::vector<caf::actor> actors() const override {
    auto all = controls_ == nullptr ? std::vector<caf::actor>{} : controls_->workers();
    if (auto who = state_.actor())
      all.push_back(std::move(who));
    return all;
  }
  caf::actor as_actor(const std::function<caf::actor(caf::actor_system&)>& make) override {
    return state_.as_actor(make);
  }

private:
  error closed() const { return {errc::closed, name(), "the service has ended"}; }

  // It may have ended by itself, and with it the actor system.
  void shut_if_over() const {
    if (state_.account()->ended())
      state_.entrance()->shut();
  }

  void submit(item call, bool patiently) {
    if (call.ended_early())
      return;
    shut_if_over();
    const auto* const ctx = call.ctx ? &*call.ctx : nullptr;
    auto place = patiently && !service_thread::inside() ? door::enter(state_.entrance(), ctx)
                                                        : door::try_enter(state_.entrance());
    if (place)
      admit(std::move(call), std::move(*place));
    else
      turn_away(std::move(call));
  }

  void turn_away(item call) {
    if (call.ended_early())
      return;
    if (state_.entrance()->is_shut()) {
      call.reply.fail(closed());
      return;
    }
    state_.account()->turn_away();
    call.reply.fail({errc::pool_full, name(), "the service is full"});
  }

  void admit(item call, door::place place) {
    // The door is the narrower one: only the end is in the way here.
    request_account::visit visit;
    if (auto refusal = state_.account()->enter(visit)) {
      call.reply.fail(std::move(*refusal));
      return;
    }
    call.place = std::move(place);
    if (const auto left = call.ctx ? call.ctx->remaining() : std::nullopt)
      watch_deadline(state_.actor(), system(), *left, call.reply.open());
    // Should the actor be gone, it is destroyed, and so answered.
    detail::anon_send(state_.actor(), call_msg<Req, Resp>{std::make_shared<pending_call<Req, Resp>>(
                                          std::move(call), state_.account(), visit)});
  }

  actor_core_state state_;
  std::shared_ptr<stage_controls> controls_; ///< null: there is nothing to set
  bool waits_;
  duration drain_limit_;
};

} // namespace troupe::detail
