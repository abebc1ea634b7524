#include <troupe/caf/compat.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include <caf/actor_clock.hpp>
#include <caf/exit_reason.hpp>
#include <caf/logger.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <troupe/caf/actor_thread.hpp>
#include <troupe/detail/thread_name.hpp>

#if !TROUPE_CAF_1X
#include <caf/atom.hpp>
#include <caf/detail/private_thread.hpp>
#endif

namespace troupe::detail {

static_assert(std::is_same_v<time_point, caf::actor_clock::time_point>);

caf::error to_exit_reason(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
  } catch (...) {
    return caf::make_error(caf::sec::runtime_error, std::string{"unknown exception"});
  }
}

namespace {

bool is_failure(const caf::error& reason) {
#if TROUPE_CAF_1X
  return reason != caf::error{};
#else
  return static_cast<bool>(reason);
#endif
}

} // namespace

void anon_kill(const caf::actor& dst) {
#if TROUPE_CAF_1X
  caf::anon_send_exit(dst, caf::exit_reason::kill);
#else
  // Urgent, unlike caf::anon_send_exit: a kill must not wait behind a full mailbox.
  if (dst)
    dst->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                 caf::make_message(caf::exit_msg{dst.address(), caf::exit_reason::kill}), nullptr);
#endif
}

void anon_exit(const caf::actor& dst) { caf::anon_send_exit(dst, caf::exit_reason::user_shutdown); }

void set_policy(caf::actor_system_config& cfg, const std::string& name) {
#if TROUPE_CAF_1X
  set_option(cfg, "scheduler.policy", name);
#else
  set_option(cfg, "scheduler.policy", caf::atom_from_string(name));
#endif
}

// -- threaded_actor ----------------------------------------------------------------------------

#if !TROUPE_CAF_1X
void threaded_actor::launch(caf::execution_unit* host, bool lazy, bool hide) {
  try {
    caf::event_based_actor::launch(host, lazy, hide);
  } catch (...) {
    // CAF goes on as if it had the thread, and the actor system would wait for its end.
    if (auto* const no_thread = std::exchange(private_thread_, nullptr)) {
      delete no_thread;
      system().dec_detached_threads();
      intrusive_ptr_release(ctrl());
    }
    unsetf(is_detached_flag);
    unregister_from_system();
    throw;
  }
}

caf::resumable::resume_result threaded_actor::resume(caf::execution_unit* host, std::size_t most) {
  const actor_thread here;
  return caf::event_based_actor::resume(host, most);
}
#endif

// -- actor_base --------------------------------------------------------------------------------

actor_base::actor_base(caf::actor_config& cfg) : threaded_actor(cfg) {
  set_exception_handler([this](caf::scheduled_actor*, std::exception_ptr& thrown) {
    on_exception(thrown);
    return to_exit_reason(thrown);
  });
#if !TROUPE_CAF_1X
  set_down_handler([this](caf::scheduled_actor*, caf::down_msg& msg) { on_down_msg(msg); });
  set_exit_handler([this](caf::scheduled_actor*, caf::exit_msg& msg) { on_exit_msg(msg.reason); });
#endif
}

actor_base::~actor_base() = default;

void actor_base::watch_actor(const caf::actor& hdl, down_function f) {
#if TROUPE_CAF_1X
  monitor(hdl, std::move(f));
#else
  auto& functions = watched_[hdl.address()];
  if (functions.empty())
    monitor(hdl);
  functions.push_back(std::move(f));
#endif
}

void actor_base::unwatch_actor([[maybe_unused]] const caf::actor& hdl) {
#if !TROUPE_CAF_1X // which has `watch_actor` forget us when we end
  if (watched_.erase(hdl.address()) > 0)
    demonitor(hdl.address());
#endif
}

void actor_base::on_exit_msg(const caf::error& reason) {
  if (is_failure(reason))
    quit(reason);
}

// Called once, in the actor's own thread.
caf::behavior actor_base::make_behavior() {
  if (has_own_thread())
    name_this_thread(own_thread_name());
#if TROUPE_CAF_1X
  return handlers().or_else([this](mail_msg& msg) { on_mail(std::move(msg.content)); },
                            [this](caf::exit_msg& msg) { on_exit_msg(msg.reason); });
#else
  return handlers();
#endif
}

#if TROUPE_CAF_1X

void actor_base::send_mail(const caf::actor& dst, mail_ptr m, bool urgent) {
  if (urgent)
    send_urgent(this, dst, mail_msg{std::move(m)});
  else
    detail::send(this, dst, mail_msg{std::move(m)});
}

void actor_base::remind(duration delay, caf::message msg) {
  if (delay < for_ever)
    this->mail(std::move(msg))
        .delay(delay)
        .send(caf::actor{this}, caf::weak_ref, caf::weak_self_ref);
}

#else

namespace {
constexpr auto our_alarm = caf::atom("troupe");
}

caf::empty_type_erased_tuple mail::envelope::no_content;

void actor_base::send_mail(const caf::actor& dst, mail_ptr m, bool urgent) {
  if (!dst)
    return;
  auto& envelope = m.detach()->envelope_;
  envelope.mid
      = caf::make_message_id(urgent ? caf::message_priority::high : caf::message_priority::normal);
  dst->enqueue(caf::mailbox_element_ptr{&envelope}, context());
}

// As CAF's own loop, without what streams and receive timeouts need: several looks at the clock.
caf::resumable::resume_result actor_base::resume(caf::execution_unit* host, std::size_t most) {
  const actor_thread here;
  CAF_PUSH_AID(id());
  if (!activate(host))
    return caf::resumable::done;
  constexpr std::size_t quantum = 3; // CAF's
  std::size_t handled = 0;
  mailbox_visitor visitor{this, handled, most};
  while (handled < most) {
    if (!mailbox().new_round(quantum, visitor).consumed_items && mailbox().try_block())
      return caf::resumable::awaiting_message;
    if (finalize())
      return caf::resumable::done;
  }
  return mailbox().try_block() ? caf::resumable::awaiting_message : caf::resumable::resume_later;
}

caf::invoke_message_result actor_base::consume(caf::mailbox_element& x) {
  auto& content = x.content();
  if (&content == &mail::envelope::no_content) {
    on_mail(mail_ptr{&static_cast<mail::envelope&>(x).owner});
    return caf::invoke_message_result::consumed;
  }
  if (content.type_token() != caf::make_type_token<caf::timeout_msg>()
      || content.get_as<caf::timeout_msg>(0).type != our_alarm)
    return caf::event_based_actor::consume(x);
  if (content.get_as<caf::timeout_msg>(0).timeout_id == alarms_)
    on_alarm();
  return caf::invoke_message_result::consumed;
}

bool actor_base::cleanup(caf::error&& reason, caf::execution_unit* host) {
  reminders_.clear();
  watched_.clear();
  return caf::event_based_actor::cleanup(std::move(reason), host);
}

void actor_base::remind(duration delay, caf::message msg) {
  if (delay >= for_ever)
    return;
  const auto at = later(clock().now(), std::max(delay, duration::zero()));
  reminders_.emplace(at, std::move(msg));
  if (!alarm_ || at < *alarm_)
    set_alarm(at);
}

// Replaces the one that was set before.
void actor_base::set_alarm(time_point at) {
  alarm_ = at;
  clock().set_ordinary_timeout(at, this, our_alarm, ++alarms_);
}

void actor_base::on_alarm() {
  const auto due = reminders_.upper_bound(std::max(clock().now(), *alarm_));
  alarm_.reset();
  // By way of the mailbox: each handler may end the actor, and those to come must not run then.
  for (auto i = reminders_.begin(); i != due; i = reminders_.erase(i))
    enqueue(nullptr, caf::make_message_id(), std::move(i->second), context());
  if (!reminders_.empty())
    set_alarm(reminders_.begin()->first);
}

void actor_base::on_down_msg(const caf::down_msg& msg) {
  // Taken out first: a callback may watch the same address or others.
  auto node = watched_.extract(msg.source);
  if (node.empty())
    return;
  for (auto& f : node.mapped())
    f(msg.reason);
}
#endif

// -- time --------------------------------------------------------------------------------------

time_point now(caf::actor_system& sys) { return sys.clock().now(); }

} // namespace troupe::detail
