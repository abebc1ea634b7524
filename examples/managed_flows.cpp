// managed_flows: five flows by name, started, stopped and restarted, and an alert that names one.
//
//   manager --+--> north: ticks --> count
//             +--> south: ticks --> count           monitor --> "west: stage ..."
//             +--> ...                                 ^
//             +--> west: ticks --> count, fails -------+
//
// A manager keeps one run for each name and tells a monitor of all of them. One flow fails on
// purpose: the alert says which, and the others go on.

#include <atomic>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

namespace {

tr::flow<void> counting(bool fails_now_and_then) {
  const auto count = [n = 0, fails_now_and_then](auto) mutable {
    if (fails_now_and_then && ++n % 2 == 0)
      throw std::runtime_error{"no answer"};
  };
  return tr::ticks("ticks", 5ms) | tr::sink("count", count, {.on_error = tr::on_error::skip});
}

void print(const tr::manager& flows, const std::string& when) {
  std::cout << when << ':';
  for (const auto& name : flows.list())
    std::cout << ' ' << name << ' ' << flows.status(name) << ',';
  std::cout << '\n';
}

} // namespace

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};
  std::atomic<int> alerts{0};
  tr::monitor watch{sys,
                    {.sample_every = 50ms,
                     .alert_when = {(tr::error_rate("count") > 0.2).for_at_least(100ms)},
                     .on_alert = [&](const tr::alert& a) {
                       std::cout << "alert: " << a << std::endl;
                       ++alerts;
                     }}};
  tr::manager flows{sys, watch};
  for (const auto* name : {"north", "south", "east", "west", "centre"})
    flows.add(name, counting(name == std::string{"west"}));
  print(flows, "added");
  for (const auto& name : flows.list())
    flows.start(name);
  print(flows, "started");
  for (int i = 0; i < 300 && alerts == 0; ++i)
    std::this_thread::sleep_for(10ms);

  const auto last = flows.stop("west");
  print(flows, "west is stopped");
  flows.restart("north");
  const auto& count = last.stage("count");
  std::cout
      << "\nOf " << count.received << " ticks of west " << count.failed
      << " failed, and the alert named it. Its others went on, north with a new\nrun. The rest "
         "is drained when the manager goes.\n";
  return alerts > 0 && flows.status("north") == tr::managed_status::running
                 && flows.status("west") == tr::managed_status::stopped
             ? 0
             : 1;
}
