// The race that scripts/tsan has to find before its silence about the tests means anything: two
// actors of one stage count in the same variable, and nothing orders them.
#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>

#include <troupe/troupe.hpp>

namespace tr = troupe;

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};
  std::latch both{
      2}; // each actor has its item in hand before either counts: no message orders them
  std::atomic<bool> first_has_counted{false};
  int seen = 0;
  const auto count = [&](int x) {
    both.arrive_and_wait();
    // One after the other in time: of two accesses at the same instant the sanitizer may miss both.
    // Relaxed, so that this orders nothing but time.
    while (x == 2 && !first_has_counted.load(std::memory_order_relaxed))
      std::this_thread::yield();
    ++seen;
    if (x == 1)
      first_has_counted.store(true, std::memory_order_relaxed);
    return x;
  };

  auto r = tr::start(
      sys, tr::from("n", std::vector{1, 2})
               | tr::stage("race", count, {.parallel = 2, .batch = 1, .thread = tr::thread::own})
               | tr::ignore("end"));

  return r.wait().clean() && seen > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
