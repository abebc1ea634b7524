#include <troupe/detail/shared_breaker.hpp>

#include <atomic>
#include <barrier>
#include <chrono>
#include <latch>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "breaker_fixture.hpp"

using namespace breaker_fixture;
using troupe::detail::shared_breaker;
using enum breaker_state;

namespace {

/// A breaker whose clock is in the hands of the test.
struct clocked {
  explicit clocked(const circuit_breaker& options)
      : breaker(
          options, [this] { return t0 + duration{offset.load()}; }, "pricing") {}

  void advance(duration d) { offset += d.count(); }

  std::atomic<duration::rep> offset{0};
  shared_breaker breaker;
};

void fail(shared_breaker& b) {
  if (const auto p = b.admit())
    b.record(*p, outcome::failure, 1ms);
}

void run_in_threads(int n, const std::function<void(int)>& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i)
    threads.emplace_back(f, i);
  for (auto& t : threads)
    t.join();
}

} // namespace

TEST_SUITE("shared_breaker") {
  TEST_CASE("its events say whose breaker it is") {
    clocked c{touchy()};
    std::vector<breaker_event> events;
    c.breaker.on_event([&](const breaker_event& e) { events.push_back(e); });

    fail(c.breaker);

    REQUIRE(events.size() == 1);
    CHECK(events[0].call == "pricing");
    std::ostringstream text;
    text << events[0];
    CHECK(text.str() == "call \"pricing\": closed -> open");
  }

  TEST_CASE("is the machine with the owner's clock") {
    clocked c{touchy()};
    auto& b = c.breaker;

    fail(b);
    CHECK(b.state() == open);
    CHECK_FALSE(b.admit());
    CHECK(b.retry_after() == 10s);
    CHECK(b.snapshot().not_permitted == 1);
    c.advance(10s);
    const auto p = b.admit();
    REQUIRE(p);
    CHECK(b.state() == half_open);
    b.release(*p);
    const auto q = b.admit();
    REQUIRE(q);
    b.record(*q, outcome::success, 1ms);
    CHECK(b.state() == closed);
    b.force_open();
    CHECK_FALSE(b.admit());
    b.disable();
    CHECK(b.admit());
    CHECK(b.state() == disabled);
    b.metrics_only();
    CHECK(b.state() == metrics_only);
    b.half_open();
    CHECK(b.state() == half_open);
    b.reset();
    CHECK(b.state() == closed);
    CHECK(b.now() == t0 + 10s);
  }

  TEST_CASE("who has read the clock may say so") {
    clocked c{touchy()};
    auto& b = c.breaker;

    b.record(*b.admit(t0), outcome::failure, 1ms, t0);
    CHECK_FALSE(b.admit(t0 + 10s - 1ns));
    CHECK(b.admit(t0 + 10s));
  }

  TEST_CASE("a thread that was overtaken after it read the clock shortens no cooldown") {
    clocked c{touchy()};
    auto& b = c.breaker;
    b.record(*b.admit(t0), outcome::failure, 1ms, t0);

    CHECK_FALSE(b.admit(t0 - 3s));
    CHECK_FALSE(b.admit(t0 + 10s - 1ns));
    CHECK(b.admit(t0 + 10s));
  }

  TEST_CASE("a permit is good only for the period that gave it, however it was given") {
    clocked c{touchy()};
    auto& b = c.breaker;
    const auto p = b.admit();
    b.reset();

    b.record(*p, outcome::failure, 1ms);

    CHECK(b.state() == closed);
    CHECK(b.snapshot().late == 1);
  }

  TEST_CASE("many outcomes that cross the threshold at once are one transition and one event") {
    for (int round = 0; round < 50; ++round) {
      clocked c{{.window = last_calls(32), .minimum_calls = 16}};
      auto& b = c.breaker;
      std::atomic<int> events{0};
      b.on_event([&](const breaker_event&) { ++events; });
      std::barrier begin{8};

      run_in_threads(8, [&](int) {
        std::vector<permit> permits;
        for (int i = 0; i < 8; ++i)
          permits.push_back(*b.admit());
        begin.arrive_and_wait();
        for (const auto& p : permits)
          b.record(p, outcome::failure, 1ms);
      });

      REQUIRE(events == 1);
      REQUIRE(b.state() == open);
      REQUIRE(b.snapshot().late == 64 - 16);
    }
  }

  TEST_CASE("many who ask at once get no more permits than there are trials") {
    clocked c{patient(5)};
    auto& b = c.breaker;
    b.half_open();
    std::atomic<int> admitted{0};
    std::barrier begin{8};

    run_in_threads(8, [&](int) {
      begin.arrive_and_wait();
      for (int i = 0; i < 100; ++i)
        admitted += b.admit() ? 1 : 0;
    });

    CHECK(admitted == 5);
    CHECK(b.snapshot().not_permitted == 795);
  }

  TEST_CASE("listeners hear of every event once, in order, one at a time") {
    clocked c{touchy()};
    auto& b = c.breaker;
    std::vector<breaker_event> heard;
    std::atomic<int> inside{0};
    std::atomic<int> most_inside{0};
    b.on_event([&](const breaker_event& e) {
      most_inside = std::max(most_inside.load(), ++inside);
      heard.push_back(e);
      --inside;
    });

    run_in_threads(4, [&](int i) {
      for (int n = 0; n < 100; ++n)
        i % 2 == 0 ? b.force_open() : b.disable();
    });
    b.reset();

    CHECK(most_inside == 1);
    CHECK(b.dropped_events() == 0);
    REQUIRE(heard.size() >= 2);
    CHECK(heard.front().from == closed);
    CHECK(heard.back().to == closed);
    for (std::size_t i = 1; i < heard.size(); ++i)
      REQUIRE(heard[i].from == heard[i - 1].to);
  }

  TEST_CASE("listeners are called outside of the lock, and may use the breaker") {
    clocked c{touchy()};
    auto& b = c.breaker;
    std::vector<breaker_state> seen;
    b.on_event([&](const breaker_event& e) {
      seen.push_back(e.to);
      if (e.to == open)
        b.half_open(); // its event follows this one
      seen.push_back(b.state());
    });

    fail(b);

    CHECK(seen == std::vector{open, half_open, half_open, half_open});
  }

  TEST_CASE("while a listener takes its time, others make calls, and it hears of what they do") {
    clocked c{touchy()};
    auto& b = c.breaker;
    std::latch called{1};
    std::latch go_on{1};
    std::vector<breaker_state> heard;
    b.on_event([&](const breaker_event& e) {
      heard.push_back(e.to);
      if (heard.size() == 1) {
        called.count_down();
        go_on.wait();
      }
    });
    std::thread slow{[&] { b.force_open(); }};
    called.wait();

    CHECK_FALSE(b.admit());
    b.reset();
    CHECK(b.admit());
    CHECK(b.state() == closed);
    go_on.count_down();
    slow.join();

    CHECK(heard == std::vector{forced_open, closed});
  }

  TEST_CASE("a listener does not hear of what was before it, though others have not yet") {
    clocked c{touchy()};
    auto& b = c.breaker;
    std::vector<breaker_state> first;
    std::vector<breaker_state> second;
    b.on_event([&](const breaker_event& e) {
      first.push_back(e.to);
      if (first.size() > 1)
        return;
      b.disable();
      b.on_event([&](const breaker_event& f) { second.push_back(f.to); });
      b.reset();
    });
    b.on_event({}); // nobody

    b.force_open();

    CHECK(first == std::vector{forced_open, disabled, closed});
    CHECK(second == std::vector{closed});
  }

  TEST_CASE(
      "what a listener throws reaches neither the caller nor other listeners, and is counted") {
    clocked c{touchy()};
    auto& b = c.breaker;
    int heard = 0;
    b.on_event([](const breaker_event&) { throw std::runtime_error{"no"}; });
    b.on_event([&](const breaker_event&) { ++heard; });

    CHECK_NOTHROW(fail(b));
    CHECK_NOTHROW(b.reset());

    CHECK(b.state() == closed);
    CHECK(heard == 2);
    CHECK(b.listener_failures() == 2);
  }

  TEST_CASE("events that a listener is too slow for are bounded: the oldest are dropped, counted") {
    clocked c{touchy()};
    auto& b = c.breaker;
    std::vector<breaker_event> heard;
    b.on_event([&](const breaker_event& e) {
      heard.push_back(e);
      if (heard.size() == 1)
        for (int i = 0; i < 1'000; ++i) {
          b.disable();
          b.force_open();
        }
    });

    b.force_open();

    CHECK(heard.size() == 1 + shared_breaker::most_pending);
    CHECK(b.dropped_events() == 2'000 - shared_breaker::most_pending);
    CHECK(heard.back().to == forced_open);
  }

  TEST_CASE("wrong options are refused at construction") {
    CHECK_THROWS_AS(clocked{{.trials = 0}}, std::invalid_argument);
  }
}
