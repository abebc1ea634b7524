#include <doctest/doctest.h>

#include <any>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "rate_limit_fixture.hpp"
#include <troupe/rate_limiter.hpp>

using namespace rate_limit_fixture;
using tr::per_second;

namespace {

/// Of which one cannot be moved any more.
struct fragile {
  static inline int breaks = -1;
  int value = 0;

  fragile(int x) : value(x) {}
  fragile(const fragile&) = default;
  fragile(fragile&& other) : value(other.value) {
    if (value == breaks)
      throw std::runtime_error{"broke"};
  }
  fragile& operator=(const fragile&) = default;
  ~fragile() = default;
};

} // namespace

TEST_SUITE("rate_limit") {
  TEST_CASE("shape passes the burst at once, the rest at exactly the rate, in order") {
    virtual_system sys;
    arrivals log{sys};

    const auto end = run_to_end(sys, throttled(6, per_second(10), {.burst = 2}, log));

    CHECK(end.clean());
    CHECK(log.items == numbers(6));
    CHECK(log.times == std::vector<duration>{0ms, 0ms, 100ms, 200ms, 300ms, 400ms});
    CHECK(end.elapsed() == 400ms);
  }

  TEST_CASE("a burst of one is the default: one at a time") {
    virtual_system sys;
    arrivals log{sys};
    run_to_end(sys, throttled(4, tr::every(250ms), {}, log));
    CHECK(log.times == std::vector<duration>{0ms, 250ms, 500ms, 750ms});
  }

  TEST_CASE("many items need no more and no less than their time") {
    virtual_system sys;
    arrivals log{sys};
    const auto end = run_to_end(sys, throttled(5'000, per_second(500), {.burst = 50}, log));
    CHECK(log.items == numbers(5'000));
    CHECK(end.elapsed() == 9'900ms); // (5,000 - 50) / 500 per second
    CHECK(end.stage("throttle").delivered == 5'000);
  }

  TEST_CASE("no window passes more than burst + rate x d, however the items come"
            * doctest::test_suite("long")) {
    virtual_system sys;
    arrivals log{sys};
    auto [in, source] = tr::inbox<int>("in", {.capacity = 10'000});
    auto r = tr::start(sys, source | tr::rate_limit("throttle", per_second(1'000), {.burst = 20})
                                | tr::sink("end", log.noting()));
    std::minstd_rand rng{7};
    int next = 0;
    for (int i = 0; i < 500; ++i) {
      for (auto n = rng() % 20; n > 0; --n)
        CHECK(in.offer(next++) == tr::offer_result::accepted);
      r.wait_for(duration{rng() % 20'000'000});
    }
    in.close();
    CHECK(accounted(r.wait()).clean());

    CHECK(log.items == numbers(next));
    bool within = true;
    for (std::size_t i = 0; i < log.times.size(); ++i)
      for (auto j = i; j < log.times.size(); ++j) // a permit comes in a millisecond
        within = within && static_cast<int>(j - i + 1) * 1ms <= 20ms + log.times[j] - log.times[i];
    CHECK(within);
  }

  TEST_CASE("shed refuses at once what would have to wait, and counts it") {
    virtual_system sys;
    arrivals log{sys};

    const auto end
        = run_to_end(sys, throttled(6, per_second(10), {.burst = 2, .mode = tr::limit::shed}, log));

    CHECK(log.items == std::vector{0, 1});
    CHECK(end.elapsed() == 0ms);
    const auto& c = end.stage("throttle");
    CHECK(c.received == 6);
    CHECK(c.delivered == 2);
    CHECK(c.shed == 4);
    CHECK(c.emitted == 2);
    CHECK_FALSE(end.clean());
  }

  TEST_CASE("what it sheds can be had as dead letters") {
    virtual_system sys;
    std::vector<tr::dead_letter> letters;
    arrivals log{sys};
    auto r = tr::start(
        sys, throttled(6, per_second(10), {.burst = 2, .mode = tr::limit::shed}, log),
        tr::run_options{.dead_letters = [&](const tr::dead_letter& l) { letters.push_back(l); },
                        .dead_letters_for = tr::loss::shed});
    const auto end = r.wait();

    CHECK(end.stage("throttle").shed == 4);
    REQUIRE(letters.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(letters[i].stage == "throttle");
      CHECK(letters[i].reason.code() == tr::errc::rate_limited);
      CHECK(std::any_cast<int>(letters[i].item) == 2 + static_cast<int>(i));
    }
  }

  TEST_CASE("shed lets pass again as soon as there is a permit") {
    virtual_system sys;
    std::vector<std::uint64_t> out;
    const auto end = run_to_end(
        sys, tr::ticks("t", 40ms) | tr::take("ten", 10)
                 | tr::rate_limit("throttle", per_second(10), {.burst = 1, .mode = tr::limit::shed})
                 | tr::collect("out", out));
    // At 0, 40, 80, … ms; a permit every 100 ms.
    CHECK(out == std::vector<std::uint64_t>{0, 3, 6, 9});
    CHECK(end.stage("throttle").shed == 6);
  }

  TEST_CASE("while items wait it does not ask upstream for more") {
    virtual_system sys;
    int made = 0;
    arrivals log{sys};
    auto r = tr::start(sys, tr::produce<int>("n", [&] { return std::optional{made++}; })
                                | tr::rate_limit("throttle", tr::every(1s), {.buffer = 64})
                                | tr::sink("end", log.noting()));
    r.wait_for(10s);

    CHECK(log.items == numbers(11));
    CHECK(made <= 11 + 64 + 64); // and what the source has ready
    const auto m = r.metrics("throttle");
    CHECK(m.kind == tr::pattern_kind::rate_limiter);
    CHECK(m.counters.delivered == 11);
    CHECK(m.counters.balanced());
    accounted(r.stop());
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("drain goes on at the rate, and abandons what its limit leaves") {
    virtual_system sys;
    SUBCASE("all in time") {
      arrivals log{sys};
      auto r = tr::start(sys, throttled(10, per_second(10), {}, log));
      r.wait_for(250ms);
      const auto end = accounted(r.drain(10s));
      CHECK(end.clean());
      CHECK(log.items == numbers(10));
      CHECK(end.elapsed() == 900ms);
    }
    SUBCASE("not in time") {
      arrivals log{sys};
      auto r = tr::start(sys, throttled(10, per_second(10), {}, log));
      r.wait_for(250ms);
      const auto end = accounted(r.drain(300ms));
      CHECK(log.items == numbers(6)); // at 0, 100, … 500 ms
      CHECK(end.stage("throttle").delivered == 6);
      CHECK(end.stage("throttle").abandoned == end.stage("n").emitted - 6);
      CHECK(end.elapsed() == 550ms);
    }
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("stop abandons what waits, at once") {
    virtual_system sys;
    arrivals log{sys};
    auto r = tr::start(sys, throttled(10, per_second(10), {}, log));
    r.wait_for(250ms);
    const auto end = accounted(r.stop());
    CHECK(log.items == numbers(3));
    CHECK(end.stage("throttle").abandoned == 7);
    CHECK(end.elapsed() == 250ms);
    CHECK(sys.actors() == 0);
  }

  TEST_CASE("what waits is filtered away once nothing more is wanted behind it") {
    virtual_system sys;
    std::vector<int> out;
    const auto end
        = run_to_end(sys, tr::from("n", numbers(10)) | tr::rate_limit("throttle", per_second(10))
                              | tr::take("three", 3) | tr::collect("out", out));
    CHECK(out == numbers(3));
    CHECK(end.clean());
    CHECK(end.elapsed() == 200ms);
    CHECK(end.stage("throttle").filtered == 7);
  }

  TEST_CASE("while nothing behind it may go on, it fills the buffers there and waits") {
    virtual_system sys;
    std::vector<int> out;
    auto r = tr::start(sys, tr::from("n", numbers(3'000))
                                | tr::rate_limit("throttle", per_second(1'000))
                                | tr::map("slow", [](int x) { return x; }, {.buffer = 20})
                                | tr::collect("out", out));
    r.wait_for(100ms);
    r.pause("slow");
    CHECK(!r.wait_for(1h));
    CHECK(r.metrics("throttle").counters.emitted <= out.size() + 20);
    r.resume("slow");
    const auto end = accounted(r.wait());
    CHECK(end.clean());
    CHECK(out == numbers(3'000));
    CHECK(end.elapsed() > 1h + 2s + 800ms); // the pause is not made up for
  }

  TEST_CASE("items that cannot be copied pass") {
    virtual_system sys;
    int sum = 0;
    const auto end
        = run_to_end(sys, tr::from("n", numbers(5))
                              | tr::map("box", [](int x) { return std::make_unique<int>(x); })
                              | tr::rate_limit("throttle", per_second(10))
                              | tr::sink("sum", [&](std::unique_ptr<int> x) { sum += *x; }));
    CHECK(end.clean());
    CHECK(sum == 10);
  }

  TEST_CASE("an item that cannot be moved fails the run, by name") {
    virtual_system sys;
    auto r = tr::start(sys, tr::from("n", std::vector<fragile>{{0}, {1}, {2}, {3}, {4}})
                                | tr::rate_limit("throttle", per_second(10), {.burst = 5})
                                | tr::ignore("end"));
    r.pause("throttle");
    r.wait_for(0s);
    fragile::breaks = 3;
    r.resume("throttle");
    const auto end = accounted(r.wait());
    fragile::breaks = -1;

    REQUIRE(end.error());
    CHECK(end.error()->stage() == "throttle");
    CHECK(end.error()->message() == "item 3: broke");
    CHECK(end.stage("throttle").delivered == 3);
    CHECK(end.stage("throttle").failed == 1);
  }
}
