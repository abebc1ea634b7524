#include <troupe/policy/pacer.hpp>

#include <chrono>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::pacer;
using troupe::per_second;
using troupe::time_point;
using troupe::unlimited;

namespace {

constexpr time_point t0{1h};

} // namespace

TEST_SUITE("pacer") {
  TEST_CASE("what is there passes at once, the rest at exactly the rate") {
    pacer p{per_second(10), 2, t0};
    CHECK(p.pass(t0, 5) == 2);
    REQUIRE(p.due());
    CHECK(*p.due() == t0 + 100ms);
    for (int i = 1; i < 1'000; ++i) {
      p.wake();
      CHECK_FALSE(p.due());
      CHECK(p.pass(t0 + i * 100ms, 5) == 1);
      CHECK(p.due() == t0 + (i + 1) * 100ms);
    }
  }

  TEST_CASE("nothing is due when all have passed") {
    pacer p{per_second(10), 5, t0};
    CHECK(p.pass(t0, 5) == 5);
    CHECK_FALSE(p.due());
    CHECK(p.pass(t0, 0) == 0);
    CHECK_FALSE(p.due());
  }

  TEST_CASE("asked too early it says the same instant again") {
    pacer p{per_second(10), 1, t0};
    CHECK(p.pass(t0, 2) == 1);
    CHECK(p.pass(t0 + 30ms, 1) == 0);
    CHECK(p.due() == t0 + 100ms);
  }

  TEST_CASE("what a timer is late by is made good, up to a millisecond") {
    pacer fast{per_second(100'000), 1, t0};
    CHECK(fast.pass(t0, 100) == 1);
    CHECK(fast.due() == t0 + 10us);
    fast.wake();
    CHECK(fast.pass(t0 + 75us, 99) == 7); // 10, 20, … 70
    CHECK(fast.due() == t0 + 80us);
    fast.wake();
    CHECK(fast.pass(t0 + 1s, 1'000) == 101); // the burst, and those of 1 ms
  }

  TEST_CASE("who comes late by himself gets the burst, and no more") {
    pacer p{per_second(100'000), 5, t0};
    CHECK(p.pass(t0, 5) == 5);
    CHECK(p.pass(t0 + 1s, 100) == 5);
  }

  TEST_CASE("who does not wait is refused at once") {
    pacer p{per_second(10), 2, t0};
    CHECK(p.pass_or_refuse(t0, 5) == 2);
    CHECK_FALSE(p.due());
    CHECK(p.pass_or_refuse(t0 + 99ms, 5) == 0);
    CHECK(p.pass_or_refuse(t0 + 100ms, 5) == 1);
  }

  TEST_CASE("a new rate and a new burst count at once, also for who waits") {
    pacer p{per_second(1), 1, t0};
    CHECK(p.pass(t0, 9) == 1);
    CHECK(p.due() == t0 + 1s);
    p.set(t0 + 100ms, per_second(10), {});
    CHECK_FALSE(p.due());
    CHECK(p.pass(t0 + 100ms, 8) == 0);
    CHECK(p.due() == t0 + 190ms); // a tenth is there
    p.set(t0 + 100ms, {}, 3);
    CHECK(p.pass(t0 + 1s, 8) == 3);
    p.set(t0 + 1s, unlimited(), {});
    CHECK(p.pass(t0 + 1s, 1'000) == 1'000);
  }

  TEST_CASE("a wait of years is asked about again every hour") {
    pacer p{per_second(1e-300), 1, t0};
    CHECK(p.pass(t0, 2) == 1);
    CHECK(p.due() == t0 + 1h);
    p.wake();
    CHECK(p.pass(t0 + 1h, 1) == 0);
    CHECK(p.due() == t0 + 2h);
  }

  TEST_CASE("there is always a next instant") {
    pacer p{per_second(1e9), 1, t0};
    CHECK(p.pass(t0, 2) == 1);
    CHECK(p.due() == t0 + 1ns);
    pacer faster{per_second(1e12), 1, t0};
    CHECK(faster.pass(t0, 2) == 1);
    CHECK(faster.due() == t0 + 1ns);
  }
}
