#include <troupe/detail/gathering.hpp>

namespace troupe::detail {

gather_gate::gather_gate(caf::actor_system& sys, const std::string& name, const gather_options& o,
                         std::size_t services)
    : sys_(sys), name_(name), most_(o.in_flight),
      in_flight_(std::make_shared<std::atomic<std::size_t>>(0)) {
  validate(o, name, services);
  actor_ = spawn<gather_actor>(sys, gather_setup{name, o.gather, services, o.within});
}

gather_gate::~gather_gate() {
  anon_kill(actor_);
  actor_ = nullptr;
  if (is_testing(sys_))
    virtual_time::run_jobs(sys_);
}

std::optional<error> gather_gate::enter() {
  if (in_flight_->fetch_add(1) < most_)
    return std::nullopt;
  --*in_flight_;
  return error{errc::pool_full, name_,
               std::to_string(most_) + " requests are not answered yet, which is in_flight"};
}

std::function<void()> gather_gate::leave() const {
  return [n = in_flight_] { --*n; };
}

void gather_gate::submit(std::shared_ptr<gather_job> job) const {
  anon_send(actor_, gather_msg{std::move(job)});
}

} // namespace troupe::detail
