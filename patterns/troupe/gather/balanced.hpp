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
class shared_balancer {
public:
  shared_balancer(const std::string& name, balancer_options options, count instances,
                  std::function<time_point()> clock);

  balancer_machine::choice pick(std::uint64_t key);
  /// What became of the request; errc::none: it succeeded.
  void settle(balancer_machine::choice t, errc code);

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
        balancer_(std::make_shared<shared_balancer>(name, std::move(options), instances_.size(),
                                                    std::move(clock))) {}

  void operator()(const Req& request, const context& ctx,
                  std::function<void(result<Resp>&&)> done) const {
    const auto chosen = balancer_->pick(key_ ? key_(request) : 0);
    try {
      instances_[chosen.instance](
          request, ctx, [balancer = balancer_, chosen, done = std::move(done)](result<Resp>&& r) {
            balancer->settle(chosen, r ? errc::none : r.error().code());
            done(std::move(r));
          });
    } catch (...) { // the copy of the request: the instance never had it
      balancer_->settle(chosen, errc::cancelled);
      throw;
    }
  }

private:
  instances instances_;
  key_function key_;
  std::shared_ptr<shared_balancer> balancer_;
};

} // namespace troupe::detail
