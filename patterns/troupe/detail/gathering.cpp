#include <troupe/detail/gathering.hpp>

#include <troupe/detail/virtual_time.hpp>

namespace troupe::detail {

gather_crew::gather_crew(std::shared_ptr<request_account> account, const gather_options& o,
                         std::size_t services)
    : account_(std::move(account)),
      gatherer_(spawn<gather_actor>(account_->system(),
                                    gather_setup{account_->name(), o.gather, services, o.within})),
      deadlines_(spawn<deadline_actor>(account_->system())) {}

void gather_crew::submit(std::shared_ptr<gather_job> job) const {
  anon_send(gatherer_, gather_msg{std::move(job)});
}

void gather_crew::watch(std::weak_ptr<open_call> call, duration left) const {
  watch_deadline(deadlines_, account_->system(), left, std::move(call));
}

caf::actor gather_crew::gate(const std::function<caf::actor(caf::actor_system&)>& make) {
  const std::scoped_lock lock{mutex_};
  if (!gate_)
    gate_ = make(account_->system());
  return gate_;
}

void gather_crew::end() {
  {
    const std::scoped_lock lock{mutex_};
    for (const auto& actor : {gatherer_, deadlines_, gate_})
      if (actor)
        anon_kill(actor);
  }
  if (is_testing(account_->system()))
    virtual_time::run_jobs(account_->system());
}

} // namespace troupe::detail
