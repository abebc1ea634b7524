#include <troupe/service/asked_core.hpp>

#include <algorithm>

namespace troupe::detail {

asker_crew::asker_crew(caf::actor_system& sys, const asked_setup& setup)
    : account_(
        std::make_shared<request_account>(sys, setup.name, setup.kind, setup.most, setup.workers)),
      door_(std::make_shared<door>(
          sys, [most = setup.most] { return most; }, std::nullopt)),
      gates_(sys) {
  account_->belongs_to(setup.run);
}

void asker_crew::set(const caf::actor& asker, services asked) {
  account_->keep(asker);
  asker_ = asker;
  asked_ = std::move(asked);
}

caf::actor asker_crew::asker() const {
  const std::lock_guard lock{mutex_};
  return asker_;
}

void asker_crew::end(duration limit) const {
  door_->shut();
  if (const auto asker = this->asker())
    detail::anon_send(asker, answering_actor::end_msg{limit});
}

bool asker_crew::is_over() const {
  const std::lock_guard lock{mutex_};
  return account_->is_over()
         && std::all_of(asked_.begin(), asked_.end(), [](const auto& s) { return s->is_over(); });
}

report asker_crew::drain(duration limit) {
  if (asker() != nullptr) {
    const auto was_over = account_->is_over(); // then there may be no actor system any more
    const auto began = was_over ? time_point{} : account_->now();
    if (!was_over) {
      end(limit);
      // Until the actors have left the registry: the service leaves nothing behind.
      account_->wait_gone();
    }
    caf::actor gone;
    services asked;
    {
      const std::lock_guard lock{mutex_};
      gone.swap(asker_);
      asked.swap(asked_);
    }
    const auto took = was_over ? duration::zero() : duration{account_->now() - began};
    for (const auto& s : asked)
      s->drain(std::max(duration::zero(), limit - took));
    gates_.let_go();
  }
  return account_->finish();
}

} // namespace troupe::detail
