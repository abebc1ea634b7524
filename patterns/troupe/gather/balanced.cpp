#include <troupe/gather/balanced.hpp>

namespace troupe::detail {

balancer_gate::balancer_gate(const std::string& name, balancer_options options, count instances,
                             std::function<time_point()> clock)
    : machine_(std::move(options), instances, "balancer \"" + name + "\""),
      clock_(std::move(clock)) {}

balancer_machine::ticket balancer_gate::pick(std::uint64_t key) {
  const auto at = clock_();
  const std::scoped_lock lock{mutex_};
  return machine_.pick(at, rng_, key);
}

void balancer_gate::settle(balancer_machine::ticket t, errc code) {
  const auto at = clock_();
  const std::scoped_lock lock{mutex_};
  switch (code) {
  case errc::none:
    machine_.succeeded(t);
    break;
  case errc::cancelled:
  case errc::deadline_exceeded: // the caller's doing
    machine_.gave_up(t);
    break;
  default: // refusals, too: whoever is full or has an open breaker is better left alone
    machine_.failed(t, at);
  }
}

} // namespace troupe::detail
