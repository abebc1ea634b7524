// A flow that somebody watches: rates once a second, an alert when too much fails, Ctrl-C to end.

#include <chrono>
#include <iostream>
#include <stdexcept>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

int check(std::size_t n) {
  if (n % 10 == 9)
    throw std::runtime_error{"every tenth is wrong"};
  return static_cast<int>(n);
}

int main() {
  tr::shutdown_signals signals; // before the actor system has threads
  tr::config cfg;
  caf::actor_system sys{cfg};
  tr::monitor watch{sys,
                    {.sample_every = 200ms,
                     .alert_when = {tr::error_rate("check") > 0.05},
                     .on_alert = [](const tr::alert& a) { std::cerr << a << '\n'; }}};

  const auto flow = tr::ticks("clock", 1ms) | tr::take("two seconds", 2'000)
                    | tr::map("check", check, {.on_error = tr::on_error::skip}) | tr::ignore("end");
  tr::run run = tr::start(sys, flow, tr::run_options{.watch = &watch, .name = "demo"});
  while (!signals.wait_for(run, 1s)) {
    const tr::graph_metrics now = run.rates();
    for (const auto& stage : now.stages)
      std::cout << stage.name << ": " << stage.throughput << " items/s\n";
  }
  std::cout << run.wait();
}
