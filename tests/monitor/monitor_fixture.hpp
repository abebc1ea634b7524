#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <troupe/caf/compat.hpp>
#include <troupe/caf/virtual_time.hpp>
#include <troupe/monitor.hpp>
#include <troupe/observer.hpp>

// What the tests of the monitor share: a run that says what it is told to, and virtual time.
namespace monitor_tests {

/// A run whose numbers the test sets. The clock is the system's.
class fake_run : public troupe::observable {
public:
  explicit fake_run(caf::actor_system& sys, std::string stage = "book") : sys_{sys} {
    now_.stages.push_back({.name = std::move(stage), .workers = 1, .capacity = 100});
    now_.actors = 3;
  }

  troupe::graph_sample sample() const override {
    ++samples;
    auto copy = now_;
    copy.at = troupe::detail::now(sys_);
    return copy;
  }
  bool ended() const override { return over; }

  troupe::stage_sample& stage() { return now_.stages.front(); }
  void call_it(std::string name) { now_.name = std::move(name); }
  void depth(std::uint64_t n) { stage().mailbox_depth = n; }
  void deliver(std::uint64_t n) { stage().totals.delivered += n; }
  void memory(std::uint64_t n) { now_.memory = n; }

  mutable int samples = 0;
  bool over = false;

private:
  caf::actor_system& sys_;
  troupe::graph_sample now_;
};

struct fixture {
  struct test_config : caf::actor_system_config {
    test_config() { troupe::detail::set_policy(*this, "testing"); }
  };

  std::shared_ptr<fake_run> new_run(std::string stage = "book") {
    return std::make_shared<fake_run>(sys, std::move(stage));
  }
  void pass(troupe::duration d) { troupe::detail::virtual_time::run_for(sys, d); }
  /// One alert of a rule about a depth of more than 100, which the end of the run resolves.
  void raise_and_end(troupe::monitor& watch) {
    const auto run = new_run();
    watch.watch(run);
    run->depth(101);
    pass(std::chrono::milliseconds{250});
    run->over = true;
    pass(std::chrono::milliseconds{250});
  }
  bool timer_runs() { return troupe::detail::virtual_time::next_timeout(sys).has_value(); }

  troupe::monitor_options options(std::vector<troupe::threshold> rules) {
    return {.sample_every = std::chrono::milliseconds{250},
            .alert_when = std::move(rules),
            .on_alert = [this](const troupe::alert& a) { said.push_back(to_string(a)); }};
  }

  test_config cfg;
  caf::actor_system sys{cfg};
  std::vector<std::string> said;
};

} // namespace monitor_tests
