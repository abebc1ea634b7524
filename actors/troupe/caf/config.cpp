#include <troupe/config.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/detail/cgroup.hpp>

// CAF 1.x has another scheduler interface; its own scheduler is used there.
#if !TROUPE_CAF_1X
#include <caf/atom.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <troupe/caf/wake_worker.hpp>
#endif

namespace troupe {

namespace {

#if !TROUPE_CAF_1X
// Put into the content by hand it may be a string.
std::string policy_of(const caf::actor_system_config& cfg) {
  if (const auto text = caf::get_if<std::string>(&cfg, "scheduler.policy"))
    return *text;
  return caf::to_string(caf::get_or(cfg, "scheduler.policy", caf::atom("wake")));
}

/// As CAF's, with as many threads as our configuration says.
template <class Coordinator>
class limited : public Coordinator {
public:
  using Coordinator::Coordinator;

  void init(caf::actor_system_config& cfg) override {
    const auto* const ours = dynamic_cast<const config*>(&cfg);
    if (const auto threads = ours != nullptr ? ours->limits.threads : std::nullopt) {
      constexpr long long most = 1'000'000; // beyond any machine
      if (threads->value() >= 1)
        detail::set_option(cfg, "scheduler.max-threads",
                           static_cast<std::size_t>(std::min(threads->value(), most)));
      else // not an exception: see below
        std::cerr << "[WARNING] limits.threads = " << threads->value()
                  << ", needs at least 1; using scheduler.max-threads" << std::endl;
    }
    Coordinator::init(cfg);
  }
};

// Called by the actor system, when all options are known. A factory has to return a module, so
// this one also makes the schedulers that CAF would.
caf::actor_system::module* make_scheduler(caf::actor_system& sys) {
  namespace scheduler = caf::scheduler;
  namespace policy = caf::policy;
  const auto name = policy_of(sys.config());
  if (name == "testing")
    return new scheduler::test_coordinator(sys);
  if (name == "sharing")
    return new limited<scheduler::coordinator<policy::work_sharing>>(sys);
  if (name == "stealing")
    return new limited<scheduler::coordinator<policy::work_stealing>>(sys);
  // Not an exception: a half-built actor_system leaves its logger behind, and the next one hangs.
  if (name != "wake")
    std::cerr << "[WARNING] scheduler.policy = " << name
              << ", needs wake, testing, sharing or stealing; using wake" << std::endl;
  return new limited<detail::wake_coordinator>(sys);
}
#endif

} // namespace

config::config() {
  const auto machine = detail::this_machine();
  detail::set_option(*this, "scheduler.max-threads",
                     detail::threads_for(machine.cores, machine.limits.cpus));
  // CAF sets no limit, so an actor that keeps sending to itself would keep its thread for ever.
  detail::set_option(*this, "scheduler.max-throughput", std::size_t{100});
#if !TROUPE_CAF_1X
  module_factories.emplace_back(make_scheduler);
#endif
}

config& config::set_value(caf::string_view name, caf::config_value value) {
#if !TROUPE_CAF_1X
  const auto* const option = custom_options_.qualified_name_lookup(name);
  const auto text = caf::get_if<std::string>(&value);
  if (option != nullptr && option->type_name() == "atom" && text)
    value = caf::config_value{caf::atom_from_string(*text)};
#endif
  caf::actor_system_config::set(name, std::move(value));
  return *this;
}

} // namespace troupe
