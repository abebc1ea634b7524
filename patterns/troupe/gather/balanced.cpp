#include <troupe/gather/balanced.hpp>

namespace troupe::detail {

shared_balancer::shared_balancer(const std::string& name, balancer_options options, count instances,
                                 std::function<time_point()> clock)
    : machine_(std::move(options), instances, "balancer \"" + name + "\""),
      clock_(std::move(clock)) {}

balancer_machine::choice shared_balancer::pick(std::uint64_t key) {
  const auto at = clock_();
  const std::scoped_lock lock{mutex_};
  return machine_.pick(at, rng_, key);
}

void shared_balancer::settle(balancer_machine::choice t, errc code) {
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
