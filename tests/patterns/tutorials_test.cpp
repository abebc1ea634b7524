#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "../support.hpp"
#include <troupe/inbox.hpp>

namespace tr = troupe;
namespace virtual_time = troupe::detail::virtual_time;
using namespace support;

// What readers of the usual tutorials expect of a queue and of a pattern's knobs, and do not get
// there. The other patterns have theirs in the files of their own.
TEST_SUITE("tutorials") {
  TEST_CASE(
      "SPSC queue: full and empty it does not spin, drain loses nothing, ending twice is fine") {
    virtual_system sys;
    auto [in, source] = tr::inbox<int>("queue", {.capacity = 4});
    std::vector<int> out;
    auto r = tr::start(
        sys, source | tr::sink("consumer", [&](int x) { out.push_back(x); }, {.buffer = 1}));
    virtual_time::run_jobs(sys);
    CHECK_FALSE(virtual_time::run_jobs(sys)); // empty: nothing is left to do until something comes

    r.pause("consumer");
    int accepted = 0;
    for (int i = 0; i < 100; ++i) {
      accepted += in.offer(i) == tr::offer_result::accepted ? 1 : 0;
      virtual_time::run_jobs(sys);
    }
    CHECK(in.offer(100) == tr::offer_result::full);
    CHECK_FALSE(virtual_time::run_jobs(sys)); // full: nor is there now
    CHECK(accepted <= 6);

    r.resume("consumer");
    const auto end = accounted(r.drain());
    CHECK(end.clean());
    CHECK(out == numbers(accepted));
    CHECK(r.drain().stages() == end.stages());
    CHECK(r.stop().stages() == end.stages());
    in.close();
    in.close();
    CHECK(in.offer(1) == tr::offer_result::closed);
  }

  TEST_CASE("MPMC queue: each item is consumed once, and drain loses nothing") {
    threaded_system sys;
    constexpr int each = 10'000;
    std::vector<std::atomic<int>> seen(3 * each);
    const auto next = [n = 0](std::size_t producer) mutable -> std::optional<int> {
      if (n == each)
        return std::nullopt;
      return static_cast<int>(producer) * each + n++;
    };
    const auto flow
        = tr::produce<int>("producers", next, {.producers = 3, .buffer = 64})
          | tr::sink("consumers", [&seen](int x) { ++seen[static_cast<std::size_t>(x)]; },
                     {.consumers = 4, .buffer = 64});

    auto r = tr::start(sys, flow);
    CHECK(accounted(r.wait()).clean());
    CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& n) { return n == 1; }));
    CHECK(r.stop().clean());

    for (auto& n : seen)
      n = 0;
    auto drained = tr::start(sys, flow);
    const auto end = accounted(drained.drain());
    const auto consumed = std::count(seen.begin(), seen.end(), 1);
    CHECK(end.clean());
    CHECK(static_cast<std::uint64_t>(consumed) == end.stage("producers").emitted);
  }

  TEST_CASE("Configure and metrics: the change is live, and the numbers are what happened") {
    virtual_system sys;
    auto r = tr::start(
        sys, tr::ticks("ticks", 10ms)
                 | tr::filter("even", [](std::uint64_t x) { return x % 2 == 0; }, {.parallel = 2})
                 | tr::ignore("end"));
    r.wait_for(1s);
    CHECK(r.metrics("even").workers == 2);
    CHECK(r.metrics("even").throughput == doctest::Approx(100));

    r.configure("even", {.parallel = 6});
    r.wait_for(1s);
    const auto m = r.metrics("even");
    CHECK(m.workers == 6);
    CHECK(m.counters.received == 200);
    CHECK(m.counters.filtered == 100);
    CHECK(m.counters.delivered == 100);
    CHECK(m.error_rate == 0);
    CHECK(r.drain().clean());
  }
}
