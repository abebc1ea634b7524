#include <troupe/policy/token_bucket.hpp>

#include <chrono>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::per_second;
using troupe::time_point;
using troupe::token_bucket;

// What takes permits back, changes the limit, or goes back in time.

namespace {

constexpr auto tick = 100ms;
constexpr time_point t(int ticks) { return time_point{1h} + ticks * tick; }

} // namespace

TEST_SUITE("token_bucket") {
  TEST_CASE("cancel gives back what the last reservation took") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(b.reserve(t(0), 2).act_at() == t(0));
    const auto r = b.reserve(t(0), 2);
    CHECK(r.act_at() == t(2));
    b.cancel(r, t(1));
    CHECK(b.reserve(t(1), 2).act_at() == t(2));
  }

  TEST_CASE("cancel of a refused reservation has no effect") {
    token_bucket b{per_second(10), 2, t(0)};
    (void)b.reserve(t(0), 2);
    b.cancel(b.reserve(t(0), 3), t(0));
    CHECK(b.reserve(t(0), 2).act_at() == t(2));
  }

  TEST_CASE("cancel comes too late once the instant has passed, not at it") {
    token_bucket late{per_second(10), 2, t(0)};
    (void)late.reserve(t(0), 2);
    late.cancel(late.reserve(t(0), 2), t(2) + 1ns);
    CHECK(late.reserve(t(3), 2).act_at() == t(4));

    token_bucket in_time{per_second(10), 2, t(0)};
    (void)in_time.reserve(t(0), 2);
    in_time.cancel(in_time.reserve(t(0), 2), t(2));
    CHECK(in_time.tokens(t(2)) == 2);
  }

  TEST_CASE("cancel gives back less what later reservations built on it") {
    SUBCASE("nothing") {
      token_bucket b{per_second(10), 2, t(0)};
      (void)b.reserve(t(0), 2);
      const auto r = b.reserve(t(0), 1);
      CHECK(r.act_at() == t(1));
      CHECK(b.reserve(t(0), 1).act_at() == t(2));
      b.cancel(r, t(0));
      CHECK(b.reserve(t(0), 1).act_at() == t(3));
    }
    SUBCASE("one of two") {
      token_bucket b{per_second(10), 2, t(0)};
      (void)b.reserve(t(0), 2);
      const auto r = b.reserve(t(0), 2);
      CHECK(b.reserve(t(0), 1).act_at() == t(3));
      b.cancel(r, t(2));
      CHECK(b.reserve(t(2), 2).act_at() == t(4));
    }
    SUBCASE("as if a later one that was cancelled too had never been") {
      token_bucket b{per_second(10), 4, t(0)};
      (void)b.reserve(t(0), 4);
      const auto first = b.reserve(t(0), 3);
      CHECK(first.act_at() == t(3));
      CHECK(b.reserve(t(0), 1).act_at() == t(4));
      const auto last = b.reserve(t(0), 1);
      CHECK(last.act_at() == t(5));
      b.cancel(last, t(1));
      b.cancel(first, t(1));
      CHECK(b.reserve(t(1), 3).act_at() == t(5));
    }
  }

  TEST_CASE("what was reserved before the last one counts again once that is cancelled") {
    token_bucket b{per_second(10), 2, t(0)};
    (void)b.reserve(t(0), 2);
    const auto first = b.reserve(t(0), 1);
    const auto last = b.reserve(t(0), 1);
    b.cancel(last, t(1));
    b.cancel(first, t(1));
    CHECK(b.tokens(t(1)) == 1);
  }

  TEST_CASE("what allow_up_to took in advance builds on a reservation as well") {
    token_bucket b{per_second(10), 2, t(0)};
    (void)b.reserve(t(0), 2);
    const auto r = b.reserve(t(0), 1);
    CHECK(b.allow_up_to(t(0), t(3), 9) == 2);
    b.cancel(r, t(0));
    CHECK(b.tokens(t(0)) == -3);
  }

  TEST_CASE("what was built on a reservation is reckoned by the rate at which it was made") {
    token_bucket b{per_second(5), 2, t(0)};
    (void)b.reserve(t(0), 2);
    const auto r = b.reserve(t(0), 2);
    CHECK(r.act_at() == t(4));
    b.set_rate(t(0), per_second(10));
    CHECK(b.reserve(t(0), 2).act_at() == t(4));
    CHECK(b.reserve(t(0), 2).act_at() == t(6));
    b.cancel(r, t(0)); // 200 ms at 5 per second: one of the two
    CHECK(b.tokens(t(0)) == -5);
  }

  TEST_CASE("cancel gives back once, never more than the burst, and never more than was taken") {
    token_bucket twice{per_second(10), 2, t(0)};
    (void)twice.reserve(t(0), 2);
    const auto r = twice.reserve(t(0), 2);
    twice.cancel(r, t(0));
    twice.cancel(r, t(0));
    CHECK(twice.tokens(t(0)) == 0);

    token_bucket full{per_second(10), 2, t(0)};
    const auto early = full.reserve(t(0) + 50ms, 1);
    full.cancel(early, t(0) + 50ms);
    CHECK(full.tokens(t(0) + 50ms) == 2);

    // At a higher rate a later reservation can act before an earlier one.
    token_bucket faster{per_second(1), 2, t(0)};
    (void)faster.reserve(t(0), 2);
    const auto slow = faster.reserve(t(0), 2);
    CHECK(slow.act_at() == t(20));
    faster.set_rate(t(0), per_second(100));
    CHECK(faster.reserve(t(0), 1).act_at() == t(0) + 30ms);
    faster.cancel(slow, t(0));
    CHECK(faster.tokens(t(0)) == -1);
  }

  TEST_CASE("cancel of nothing, and of permits of another rate, keeps to what was taken") {
    token_bucket b{per_second(5), 2, t(0)};
    (void)b.reserve(t(0), 2);
    b.cancel(b.reserve(t(0), 0), t(0));
    CHECK(b.tokens(t(0)) == 0);
    const auto r = b.reserve(t(0), 2);
    CHECK(r.act_at() == t(4));
    b.set_rate(t(2), per_second(10));
    b.cancel(r, t(2)); // both, by the rate at which they were reserved
    CHECK(b.reserve(t(2), 2).act_at() == t(3));
  }

  TEST_CASE("a new rate counts from its instant on, and leaves reservations alone") {
    token_bucket b{per_second(5), 2, t(0)};
    CHECK(b.reserve(t(0), 2).act_at() == t(0));
    CHECK(b.reserve(t(0), 2).act_at() == t(4));
    b.set_rate(t(2), per_second(10));
    CHECK(b.reserve(t(2), 1).act_at() == t(4));
  }

  TEST_CASE("a new burst counts from its instant on") {
    token_bucket larger{per_second(5), 2, t(0)};
    CHECK(larger.reserve(t(0), 2).act_at() == t(0));
    CHECK(larger.reserve(t(0), 2).act_at() == t(4));
    larger.set_burst(t(3), 4);
    CHECK(larger.reserve(t(0), 4).act_at() == t(9));

    token_bucket smaller{per_second(10), 5, t(0)};
    smaller.set_burst(t(0), 2);
    CHECK(smaller.tokens(t(0)) == 2);
    CHECK_FALSE(smaller.allow(t(0), 3));
    CHECK(smaller.allow(t(0), 2));
    smaller.set_burst(t(0), 5);
    CHECK(smaller.tokens(t(3)) == 3);
  }

  TEST_CASE("a clock that steps back refills nothing") {
    token_bucket b{per_second(10), 3, t(0)};
    CHECK(b.allow(t(1)));
    CHECK(b.tokens(t(0)) == 2);
    CHECK(b.allow(t(0)));
    CHECK(b.allow(t(0)));
    CHECK_FALSE(b.allow(t(0)));
    CHECK_FALSE(b.allow(t(-100)));
    CHECK(b.tokens(t(1)) == 1);
    CHECK(b.allow(t(1)));
    CHECK_FALSE(b.allow(t(1)));
    CHECK(b.allow(t(2)));
    CHECK_FALSE(b.allow(t(2)));
  }

  TEST_CASE("a clock that steps back behind the beginning refills from there") {
    token_bucket b{per_second(10), 3, t(1)};
    CHECK(b.allow(t(1), 3));
    CHECK(b.allow(t(0), 0));
    CHECK(b.tokens(t(1)) == 1);
  }

  TEST_CASE("a clock that goes back and forth does not refill twice from the same time") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(b.allow(t(0), 2));
    CHECK(b.allow(t(1)));
    for (int i = 0; i < 100; ++i) {
      CHECK_FALSE(b.allow(t(0)));
      CHECK(b.allow(t(0), 0)); // moves the bucket's own time back
      CHECK_FALSE(b.allow(t(1)));
    }
    CHECK(b.tokens(t(1)) == 0);
    CHECK(b.tokens(t(2)) == 1);
    CHECK(b.allow(t(2)));
  }

  TEST_CASE("reservations of a clock that steps back are as of the instant it shows") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(b.reserve(t(1), 2).act_at() == t(1));
    CHECK(b.reserve(t(0), 1).act_at() == t(1));
    CHECK(b.reserve(t(2), 2).act_at() == t(3));
    CHECK_FALSE(b.reserve(t(0), 3).ok());
    CHECK(b.reserve(t(2), 1).act_at() == t(4));
    CHECK_FALSE(b.reserve(t(0), 2, tick).ok());
    CHECK(b.reserve(t(2), 1).act_at() == t(5));

    token_bucket taken{per_second(10), 2, t(0)};
    CHECK(taken.reserve(t(1), 2).act_at() == t(1));
    const auto r = taken.reserve(t(1), 2);
    CHECK(r.act_at() == t(3));
    CHECK(taken.reserve(t(1), 1).act_at() == t(4));
    taken.cancel(r, t(0));
    CHECK(taken.reserve(t(1), 2).act_at() == t(4));
  }

  TEST_CASE("the ends of the clock's range are instants like any other") {
    token_bucket b{per_second(10), 2, time_point::max()};
    CHECK(b.allow(time_point::min(), 2));
    CHECK(b.reserve(time_point::max(), 2).ok());
    const auto r = b.reserve(time_point::min(), 1);
    b.cancel(r, time_point::min());
    CHECK_NOTHROW(b.set_rate(time_point::max(), per_second(1)));
    CHECK_NOTHROW(b.set_burst(time_point::min(), 1));
  }
}
