#include <troupe/detail/asked_core.hpp>

#include <troupe/detail/driven_future.hpp>

namespace troupe::detail {

asker_crew::asker_crew(caf::actor_system& sys, const asked_setup& setup)
    : account_(
        std::make_shared<request_account>(sys, setup.name, setup.kind, setup.most, setup.workers)),
      door_(std::make_shared<door>(
          sys, [most = setup.most] { return most; }, std::nullopt)) {
  account_->belongs_to(setup.run);
}

void asker_crew::end(duration limit) const {
  door_->shut();
  detail::anon_send(asker_, answering_actor::end_msg{limit});
}

report asker_crew::drain(duration limit) const {
  end(limit);
  wait();
  return account_->finish();
}

// Until the actor has left the registry: the service leaves nothing behind.
void asker_crew::wait() const {
  auto gone = std::make_shared<std::promise<void>>();
  auto over = gone->get_future();
  on_actor_gone(asker_, [gone] { gone->set_value(); });
  auto& sys = account_->system();
  if (is_driven(sys))
    drive_until(sys, [&over] {
      return over.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    });
  else
    over.wait();
}

caf::actor asker_crew::gate(const std::function<caf::actor(caf::actor_system&)>& make) {
  const std::lock_guard lock{mutex_};
  if (!gate_) {
    gate_ = make(account_->system());
    on_actor_gone(asker_, [g = gate_] { anon_exit(g); });
  }
  return gate_;
}

} // namespace troupe::detail
