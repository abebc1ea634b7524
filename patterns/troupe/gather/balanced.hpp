#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <troupe/gather/gather_request.hpp>
#include <troupe/policy/balance.hpp>

namespace troupe::detail {

/// The machine of a balancer, for callers of any thread.
class balancer_gate {
public:
  balancer_gate(const std::string& name, balancer_options options, count instances,
                std::function<time_point()> clock);

  balancer_machine::ticket pick(std::uint64_t key);
  /// What became of the request; errc::none: it succeeded.
  void settle(balancer_machine::ticket t, errc code);

private:
  std::mutex mutex_;
  balancer_machine machine_;
  std::mt19937_64 rng_{std::random_device{}()};
  const std::function<time_point()> clock_;
};

/// Asks one of several instances of a service. Errors: what the key function or a copy of the
/// request throws; then nobody is asked, and `done` is not called.
template <class Req, class Resp>
class balanced {
public:
  using instances = std::vector<ask_function<Req, Resp>>;
  using key_function = std::function<std::uint64_t(const Req&)>;

  balanced(const std::string& name, instances all, balancer_options options, key_function key,
           std::function<time_point()> clock)
      : instances_(std::move(all)), key_(std::move(key)),
        gate_(std::make_shared<balancer_gate>(name, std::move(options), instances_.size(),
                                              std::move(clock))) {}

  void operator()(const Req& request, const context& ctx,
                  std::function<void(result<Resp>&&)> done) const {
    const auto ticket = gate_->pick(key_ ? key_(request) : 0);
    try {
      instances_[ticket.instance](request, ctx,
                                  [gate = gate_, ticket, done = std::move(done)](result<Resp>&& r) {
                                    gate->settle(ticket, r ? errc::none : r.error().code());
                                    done(std::move(r));
                                  });
    } catch (...) { // the copy of the request: the instance never had it
      gate_->settle(ticket, errc::cancelled);
      throw;
    }
  }

private:
  instances instances_;
  key_function key_;
  std::shared_ptr<balancer_gate> gate_;
};

} // namespace troupe::detail
