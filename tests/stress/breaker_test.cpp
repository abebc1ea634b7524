#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <random>
#include <thread>
#include <vector>

#include "stress_time.hpp"
#include <troupe/detail/shared_breaker.hpp>

using namespace std::chrono_literals;
using troupe::breaker_event;
using troupe::breaker_state;
using troupe::outcome;
using troupe::detail::shared_breaker;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr int thread_count = 16;
constexpr int trials = 5;

/// Calls that succeed or fail in turns of some milliseconds, so that it opens and closes often.
class hammer {
public:
  explicit hammer(shared_breaker& b) : breaker_(b) {}

  void run(troupe::duration d) {
    std::vector<std::thread> threads;
    std::latch begin{thread_count};
    for (int i = 0; i < thread_count; ++i)
      threads.emplace_back([&, i] {
        begin.arrive_and_wait();
        work(unsigned(i), clock_type::now() + d);
      });
    for (auto& t : threads)
      t.join();
  }

  std::uint64_t calls() const { return calls_; }
  std::uint64_t refused() const { return refused_; }

private:
  void work(unsigned seed, clock_type::time_point end) {
    std::minstd_rand rng{seed + 1};
    std::uint64_t calls = 0;
    std::uint64_t refused = 0;
    for (auto now = clock_type::now(); now < end; now = clock_type::now()) {
      const auto p = breaker_.admit(now);
      ++(p ? calls : refused);
      if (!p) {
        std::this_thread::yield();
        continue;
      }
      const bool bad_times = now.time_since_epoch() / 3ms % 2 == 0;
      const auto luck = rng() % 100;
      if (luck == 0)
        breaker_.release(*p);
      else if (luck > 1) // else the permit is lost
        breaker_.record(*p, bad_times ? outcome::failure : outcome::success, 1ms);
    }
    calls_ += calls;
    refused_ += refused;
  }

  shared_breaker& breaker_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> refused_{0};
};

bool follows(breaker_state from, breaker_state to) {
  using enum breaker_state;
  return (from == closed && to == open) || (from == open && to == half_open)
         || (from == half_open && (to == open || to == closed));
}

} // namespace

TEST_SUITE("breaker") {
  TEST_CASE("16 threads on one breaker: each crossing is one transition and one event") {
    shared_breaker b{{.window = troupe::last_calls(100),
                      .minimum_calls = 50,
                      .trials = trials,
                      .cooldown = 1ms,
                      .half_open_max_wait = 5ms},
                     [] { return clock_type::now(); }};
    std::vector<breaker_event> events;
    b.on_event([&](const breaker_event& e) { events.push_back(e); });
    hammer h{b};

    h.run(stress_time());
    const auto last = b.state(); // may be an event itself: the maximum wait of half_open

    MESSAGE(h.calls() << " calls, " << h.refused() << " refused, " << events.size() << " events");
    CHECK(b.dropped_events() == 0);
    CHECK(b.listener_failures() == 0);
    REQUIRE(events.size() > 3);
    CHECK(events.front().from == breaker_state::closed);
    for (std::size_t i = 0; i < events.size(); ++i) {
      REQUIRE(follows(events[i].from, events[i].to));
      REQUIRE((i == 0 || events[i].from == events[i - 1].to));
    }
    CHECK(events.back().to == last);
  }

  TEST_CASE("16 threads on one breaker: in half_open never more permits than trials") {
    const auto end = clock_type::now() + stress_time();
    int rounds = 0;
    for (; clock_type::now() < end; ++rounds) {
      shared_breaker b{{.minimum_calls = trials, .trials = trials, .half_open_max_wait = 0s},
                       [] { return clock_type::now(); }};
      b.half_open();
      std::atomic<int> out{0};
      std::atomic<int> most{0};
      std::vector<std::thread> threads;
      std::latch begin{thread_count};
      for (int i = 0; i < thread_count; ++i)
        threads.emplace_back([&] {
          begin.arrive_and_wait();
          for (int n = 0; n < 500; ++n)
            if (const auto p = b.admit()) {
              const int now_out = ++out;
              for (int m = most; m < now_out && !most.compare_exchange_weak(m, now_out);) {
              }
              --out;
              b.release(*p);
            }
        });
      for (auto& t : threads)
        t.join();
      REQUIRE(most <= trials);
      REQUIRE(b.state() == breaker_state::half_open);
      REQUIRE(b.admit()); // all came back
    }
    MESSAGE(rounds << " rounds");
  }
}
