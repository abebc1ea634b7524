#include <troupe/service/actor_core.hpp>

#include <algorithm>

namespace troupe::detail {

actor_core_state::actor_core_state(caf::actor_system& sys, const actor_core_setup& setup)
    : account_(
        std::make_shared<request_account>(sys, setup.name, setup.kind, setup.most, setup.workers)),
      door_(std::make_shared<door>(
          sys, [most = setup.most] { return most; }, std::nullopt)),
      facade_(sys) {
  account_->belongs_to(setup.run);
  const auto with_threads = is_testing(sys) ? 0 : setup.own_threads;
  account_->enlist({1 + setup.own_threads, with_threads});
}

void actor_core_state::set(const caf::actor& who, services ended_with) {
  account_->keep(who, troupe::thread::shared);
  actor_ = who;
  ended_with_ = std::move(ended_with);
}

caf::actor actor_core_state::actor() const {
  const std::lock_guard lock{mutex_};
  return actor_;
}

void actor_core_state::end(duration limit, bool nobody_waits) const {
  door_->shut();
  account_->will_end(nobody_waits ? standing::let_go : standing::draining);
  if (const auto who = actor())
    detail::anon_send(who, answering_actor::end_msg{limit});
}

bool actor_core_state::is_over() const {
  const std::lock_guard lock{mutex_};
  return account_->is_over()
         && std::all_of(ended_with_.begin(), ended_with_.end(),
                        [](const auto& s) { return s->is_over(); });
}

report actor_core_state::drain(duration limit) {
  if (actor() != nullptr) {
    const auto was_over = account_->is_over(); // then there may be no actor system any more
    const auto began = was_over ? time_point{} : account_->now();
    if (!was_over) {
      end(limit);
      // Until the actors have left the registry: the service leaves nothing behind.
      account_->wait_gone();
    }
    caf::actor gone;
    services ended_with;
    {
      const std::lock_guard lock{mutex_};
      gone.swap(actor_);
      ended_with.swap(ended_with_);
    }
    const auto took = was_over ? duration::zero() : duration{account_->now() - began};
    for (const auto& s : ended_with)
      s->drain(std::max(duration::zero(), limit - took));
    facade_.let_go();
  }
  return account_->finish();
}

} // namespace troupe::detail
