#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_handler.hpp>
#include <caf/send.hpp>
#include <caf/spawn_options.hpp>

#include <troupe/caf/caf_version.hpp>
#include <troupe/caf/mail.hpp>
#if TROUPE_CAF_1X
#include <caf/anon_mail.hpp>
#else
#include <caf/allowed_unsafe_message_type.hpp>
#endif
#include <troupe/detail/elapsed.hpp>
#include <troupe/error.hpp>

// Only this room knows which CAF it is built against: 0.17.6 (tested) or 1.x.
namespace troupe::detail {

// -- messages ----------------------------------------------------------------------------------

/// A message struct that never leaves the process: copyable, not serializable, marked by
/// `using internal_message = void;` in its body. Templates may carry the mark as well.
/// On CAF 1.x a type id is needed in addition.
template <class T>
concept internal_message = requires {
  typename T::internal_message;
};

// -- sending -----------------------------------------------------------------------------------

template <class Self, class Dst, class... Ts>
void send(Self* self, const Dst& dst, Ts&&... xs) {
#if TROUPE_CAF_1X
  self->mail(std::forward<Ts>(xs)...).send(dst);
#else
  self->send(dst, std::forward<Ts>(xs)...);
#endif
}

/// Overtakes what waits in the mailbox, except other urgent messages.
template <class Self, class Dst, class... Ts>
void send_urgent(Self* self, const Dst& dst, Ts&&... xs) {
#if TROUPE_CAF_1X
  self->mail(std::forward<Ts>(xs)...).urgent().send(dst);
#else
  self->template send<caf::message_priority::high>(dst, std::forward<Ts>(xs)...);
#endif
}

/// To itself, an actor of ours, once `delay` is over. Keeps nobody alive: it is dropped when the
/// actor ends. Cannot be taken back otherwise: put a generation number into the message and ignore
/// old ones. `for_ever` and more is never over: then nothing is sent.
template <class Self, class... Ts>
void send_after(Self* self, duration delay, Ts&&... xs);

struct anon_send_function {
  template <class Dst, class... Ts>
  void operator()(const Dst& dst, Ts&&... xs) const {
#if TROUPE_CAF_1X
    caf::anon_mail(std::forward<Ts>(xs)...).send(dst);
#else
    caf::anon_send(dst, std::forward<Ts>(xs)...);
#endif
  }
};

/// An object, so that an unqualified call does not also find caf::anon_send through its arguments.
inline constexpr anon_send_function anon_send;

template <class Dst, class... Ts>
void anon_send_urgent(const Dst& dst, Ts&&... xs) {
#if TROUPE_CAF_1X
  caf::anon_mail(std::forward<Ts>(xs)...).urgent().send(dst);
#else
  caf::anon_send<caf::message_priority::high>(dst, std::forward<Ts>(xs)...);
#endif
}

/// Ends `dst` at its next message, whatever its exit handler says; its mailbox is lost.
void anon_kill(const caf::actor& dst);

/// Asks `dst` to end once it has handled what was sent before (reason: user_shutdown).
void anon_exit(const caf::actor& dst);

/// Sends a request; inside `self` exactly one of the functions is called, `on_error` with
/// caf::sec::request_timeout once `timeout` is over (zero, or `for_ever` and more: no limit). The
/// answer is for `forget_timeout`.
template <class Self, class OnValue, class OnError, class... Ts>
std::uint64_t request(Self* self, const caf::actor& dst, duration timeout, OnValue on_value,
                      OnError on_error, Ts&&... xs) {
  const bool limited = timeout > duration::zero() && timeout < for_ever;
#if TROUPE_CAF_1X
  caf::timespan limit = caf::infinite;
  if (limited)
    limit = timeout;
  self->mail(std::forward<Ts>(xs)...)
      .request(dst, limit)
      .then(std::move(on_value), std::move(on_error));
  return 0;
#else
  const auto limit = limited ? caf::duration{timeout} : caf::duration{caf::infinite};
  const auto asked = self->request(dst, limit, std::forward<Ts>(xs)...);
  asked.then(std::move(on_value), std::move(on_error));
  return asked.id().response_id().integer_value();
#endif
}

/// A request with a timeout has been answered: CAF 0.17 would leave its timer where it is.
template <class Self>
void forget_timeout([[maybe_unused]] Self* self, [[maybe_unused]] std::uint64_t request) {
#if !TROUPE_CAF_1X
  self->clock().cancel_request_timeout(self, caf::message_id{request});
#endif
}

// -- configuration -----------------------------------------------------------------------------

/// Sets a CAF option by its 0.17 name, e.g. "scheduler.max-threads".
template <class T>
void set_option(caf::actor_system_config& cfg, const std::string& key, T value) {
#if TROUPE_CAF_1X
  cfg.set("caf." + key, std::move(value));
#else
  cfg.set(key, std::move(value));
#endif
}

/// Chooses the scheduler: "stealing", "sharing" or "testing".
void set_policy(caf::actor_system_config& cfg, const std::string& name);

// -- actors ------------------------------------------------------------------------------------

/// The exit reason of an actor that ended by an exception: its text.
caf::error to_exit_reason(const std::exception_ptr& thrown);

/// An actor that knows when its thread is at work for it, and leaves nothing behind when there is
/// no thread of its own to be had: then spawning it throws std::system_error.
class threaded_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

#if !TROUPE_CAF_1X
  void launch(caf::execution_unit* host, bool lazy, bool hide) override;
  resume_result resume(caf::execution_unit* host, std::size_t most) override;
#endif

protected:
  /// Who has should name it in its first act: CAF 0.17 calls each "caf.actor", and in 1.x it has
  /// been another's.
  bool has_own_thread() const noexcept { return getf(is_detached_flag); }
};

/// Base of all actors of the library: one callback per watched actor, a virtual for exit messages,
/// timers that end with it, and exceptions as exit reasons, on either CAF.
class actor_base : public threaded_actor {
public:
  using down_function = std::function<void(const caf::error& reason)>;

  explicit actor_base(caf::actor_config& cfg);
  ~actor_base() override;

  /// Calls `f` once, inside this actor, when `hdl` is gone: after everything it sent us with
  /// normal priority. An actor that is gone already reports at once.
  void watch_actor(const caf::actor& hdl, down_function f);
  /// For who ends before `hdl`, which would otherwise keep our memory for as long as it lives.
  void unwatch_actor(const caf::actor& hdl);

  /// Sends `m` to `dst`, which must be one of ours and expect it; `urgent` as in `send_urgent`.
  void send_mail(const caf::actor& dst, mail_ptr m, bool urgent);

  /// See `send_after`.
  void remind(duration delay, caf::message msg);

protected:
  virtual caf::message_handler handlers() = 0;

  /// Default: ends with the same reason when that is a failure, else goes on.
  virtual void on_exit_msg(const caf::error& reason);

  virtual void on_mail(mail_ptr /*m*/) {}

  /// What its thread is called, if it has one of its own.
  virtual std::string own_thread_name() const { return name(); }

  /// A handler threw: the actor ends.
  virtual void on_exception(const std::exception_ptr& /*thrown*/) noexcept {}

  caf::behavior make_behavior() final;

private:
#if !TROUPE_CAF_1X
  resume_result resume(caf::execution_unit* host, std::size_t most) final;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) final;

  using caf::event_based_actor::consume;
  caf::invoke_message_result consume(caf::mailbox_element& x) final;

  void on_down_msg(const caf::down_msg& msg);
  void set_alarm(time_point at);
  void on_alarm();

  std::map<caf::actor_addr, std::vector<down_function>> watched_;
  // One alarm of CAF's clock serves all: it is the only kind of timer that the clock lets go of
  // when its actor ends.
  std::multimap<time_point, caf::message> reminders_;
  std::optional<time_point> alarm_; ///< set for then
  std::uint64_t alarms_ = 0;
#endif
};

template <class Self, class... Ts>
void send_after(Self* self, duration delay, Ts&&... xs) {
  static_cast<actor_base*>(self)->remind(delay, caf::make_message(std::forward<Ts>(xs)...));
}

template <class T, caf::spawn_options Os = caf::no_spawn_options, class... Ts>
caf::actor spawn(caf::actor_system& sys, Ts&&... xs) {
  return sys.spawn<T, Os>(std::forward<Ts>(xs)...);
}

/// Runs `f` in the thread that ends the actor: its mailbox is empty and the registry no longer
/// counts it, but the object may still exist. Runs at once when the actor is gone already.
/// `f` must not own the actor, or neither is ever freed.
template <class F>
void on_actor_gone(const caf::actor& hdl, F f) {
  hdl->attach_functor(std::move(f));
}

// -- time --------------------------------------------------------------------------------------

/// The time of the system's clock: virtual under the testing scheduler.
time_point now(caf::actor_system& sys);

/// The same for who asks often: finding the clock costs as much as reading it.
class clock_reader {
public:
  explicit clock_reader(caf::actor_system& sys) : clock_(&sys.clock()) {}
  time_point now() const noexcept { return clock_->now(); }

private:
  caf::actor_clock* clock_;
};

/// Whether this thread belongs to the system's scheduler, if that is one of CAF's own.
bool is_scheduler_thread(caf::actor_system& sys) noexcept;

/// How many threads its scheduler has; 0: not known, or none in virtual time.
std::size_t scheduler_threads(caf::actor_system& sys);

/// Whether time and order are in the hands of the test (scheduler policy "testing").
bool is_testing(caf::actor_system& sys);

} // namespace troupe::detail

#if !TROUPE_CAF_1X
namespace caf {

template <class T>
requires troupe::detail::internal_message<T>
struct allowed_unsafe_message_type<T> : std::true_type {
};

} // namespace caf
#endif
