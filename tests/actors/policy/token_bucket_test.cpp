#include <troupe/policy/token_bucket.hpp>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::duration;
using troupe::every;
using troupe::per_minute;
using troupe::per_second;
using troupe::reservation;
using troupe::time_point;
using troupe::token_bucket;
using troupe::unlimited;

namespace {

constexpr auto tick = 100ms;
constexpr auto for_ever = duration::max();

/// t(3) is 300 ms after the bucket was made.
constexpr time_point t(int ticks) { return time_point{1h} + ticks * tick; }

struct request {
  int at;
  double tokens; ///< before it
  double n;
  bool allowed;
};

void check_requests(token_bucket b, const std::vector<request>& requests) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& r = requests[i];
    CAPTURE(i);
    CHECK(b.tokens(t(r.at)) == r.tokens);
    CHECK(b.allow(t(r.at), r.n) == r.allowed);
  }
}

constexpr int refused = -1;

/// When the permits may be used, in ticks, exactly; or that they are refused.
int reserved(token_bucket& b, int at, double n, duration max_wait = for_ever) {
  const auto r = b.reserve(t(at), n, max_wait);
  if (!r.ok())
    return refused;
  CHECK((r.act_at() - t(0)) % tick == 0ns);
  return static_cast<int>((r.act_at() - t(0)) / tick);
}

} // namespace

TEST_SUITE("token_bucket") {
  TEST_CASE("it starts full, refills by the rate, and never holds more than the burst") {
    check_requests({per_second(10), 1, t(0)}, {{0, 1, 1, true},
                                               {0, 0, 1, false},
                                               {0, 0, 1, false},
                                               {1, 1, 1, true},
                                               {1, 0, 1, false},
                                               {2, 1, 2, false},
                                               {2, 1, 1, true},
                                               {2, 0, 1, false}});
    check_requests({per_second(10), 3, t(0)}, {{0, 3, 2, true},
                                               {0, 1, 2, false},
                                               {0, 1, 1, true},
                                               {0, 0, 1, false},
                                               {1, 1, 4, false},
                                               {2, 2, 1, true},
                                               {3, 2, 1, true},
                                               {4, 2, 1, true},
                                               {4, 1, 1, true},
                                               {4, 0, 1, false},
                                               {9, 3, 3, true},
                                               {9, 0, 0, true}});
  }

  TEST_CASE("tokens are fractional, and a refusal spends nothing") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(b.allow(t(0), 2));

    CHECK(b.tokens(t(0) + 50ms) == 0.5);
    for (int i = 0; i < 1'000; ++i)
      CHECK_FALSE(b.allow(t(0) + 50ms));
    CHECK(b.tokens(t(0) + 50ms) == 0.5);
    CHECK_FALSE(b.allow(t(1) - 1ns));
    CHECK(b.allow(t(1)));
    CHECK(b.allow(t(1) + 50ms, 0.5));
  }

  TEST_CASE("reserve gives the instant at which to act, exactly") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(reserved(b, 0, 2) == 0);
    CHECK(reserved(b, 0, 2) == 2);
    CHECK(reserved(b, 3, 2) == 4);
  }

  TEST_CASE("it goes below zero through reservations, and then allows nothing") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(reserved(b, 0, 3) == refused); // more than the burst
    CHECK(reserved(b, 0, 2) == 0);
    CHECK_FALSE(b.allow(t(1), 2));
    CHECK(reserved(b, 1, 2) == 2);
    CHECK(b.tokens(t(1)) == -1);
    CHECK_FALSE(b.allow(t(1)));
    CHECK_FALSE(b.allow(t(1), 0));
    CHECK(b.allow(t(3)));
  }

  TEST_CASE("a reservation that would have to wait longer than max_wait is refused") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(reserved(b, 0, 2, tick) == 0);
    CHECK(reserved(b, 0, 1, tick) == 1);
    CHECK(reserved(b, 0, 1, tick) == refused);
    CHECK(reserved(b, 0, 1, 2 * tick - 1ns) == refused);
    CHECK(reserved(b, 0, 1, 2 * tick) == 2);
    CHECK(reserved(b, 9, 1, -1ns) == refused); // a deadline that is over
  }

  TEST_CASE("a reservation tells how long to wait") {
    token_bucket b{per_second(10), 2, t(0)};
    (void)b.reserve(t(0), 2);
    const auto r = b.reserve(t(0), 2);
    CHECK(r.delay(t(0)) == 2 * tick);
    CHECK(r.delay(t(2)) == 0s);
    CHECK(r.delay(t(9)) == 0s);
    const auto none = b.reserve(t(0), 3);
    CHECK_FALSE(none.ok());
    CHECK(none.act_at() == time_point::max());
    CHECK(none.delay(t(0)) == for_ever);
    CHECK_FALSE(reservation{}.ok());
  }

  TEST_CASE("instants are rounded up to the nanosecond, so that the permit is there") {
    token_bucket b{per_second(3), 1, t(0)};
    CHECK(b.allow(t(0)));
    CHECK(b.retry_after(t(0)) == 333'333'334ns);
    CHECK_FALSE(b.allow(t(0) + 333'333'333ns));
    CHECK(b.allow(t(0) + 333'333'334ns));
    CHECK(b.reserve(t(0) + 333'333'334ns).act_at() == t(0) + 666'666'668ns);
    CHECK(b.reserve(t(0) + 333'333'334ns).act_at() == t(0) + 1s + 1ns);
    CHECK(b.reserve(t(0) + 333'333'334ns).act_at() == t(0) + 1s + 333'333'334ns);
  }

  TEST_CASE("one permit every so often comes after exactly that time, again and again") {
    for (const duration d : {duration{49s}, duration{7ms}, duration{1ns}, duration{30min}}) {
      CAPTURE(d.count());
      token_bucket b{every(d), 1, t(0)};
      for (int i = 0; i < 1'000; ++i) {
        CHECK(b.allow(t(0) + i * d));
        CHECK_FALSE(b.allow(t(0) + (i + 1) * d - 1ns));
      }
    }
  }

  TEST_CASE("retry_after tells when allow would say yes") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(b.retry_after(t(0), 2) == 0s);
    (void)b.reserve(t(0), 2);
    (void)b.reserve(t(0), 2);
    CHECK(b.retry_after(t(0)) == 3 * tick);
    CHECK(b.retry_after(t(0), 2) == 4 * tick);
    CHECK(b.retry_after(t(1), 0) == tick);
    CHECK(b.retry_after(t(9)) == 0s);
    CHECK(b.retry_after(t(0), 3) == for_ever);
    CHECK(b.tokens(t(0)) == -2);
  }

  TEST_CASE("an infinite rate always allows, whatever the burst, and takes nothing") {
    token_bucket b{unlimited(), 0, t(0)};
    CHECK(b.allow(t(0), 1'000'000));
    CHECK(b.allow(t(-5)));
    CHECK(b.reserve(t(3), 7).act_at() == t(3));
    CHECK(b.reserve(t(3), 7, 0s).ok());
    CHECK(b.retry_after(t(3), 7) == 0s);
    CHECK(b.allow_up_to(t(3), t(3), 12) == 12);

    const auto r = b.reserve(t(4), 2);
    b.set_rate(t(4), per_second(10));
    b.set_burst(t(4), 2);
    b.cancel(r, t(4)); // took nothing
    CHECK(b.tokens(t(4)) == 0);
  }

  TEST_CASE("after an infinite rate the bucket is full") {
    token_bucket b{per_second(10), 3, t(0)};
    (void)b.reserve(t(0), 3);
    (void)b.reserve(t(0), 3);
    b.set_rate(t(0), unlimited());
    CHECK(b.tokens(t(0)) == -3);
    CHECK(b.tokens(t(0) + 1ns) == 3);
    b.set_rate(t(1), per_second(10));
    CHECK(b.tokens(t(1)) == 3);
  }

  TEST_CASE("a rate of zero never refills, a burst of zero refuses all but nothing") {
    token_bucket still{per_second(0), 1, t(0)};
    CHECK(still.allow(t(0)));
    CHECK_FALSE(still.allow(t(0) + 1000h));
    CHECK(still.retry_after(t(0)) == for_ever);
    CHECK_FALSE(still.reserve(t(0), 1, 1000h).ok());
    CHECK(still.reserve(t(0)).act_at() == time_point::max());
    token_bucket empty{per_second(10), 0, t(0)};
    CHECK_FALSE(empty.allow(t(9)));
    CHECK(empty.allow(t(9), 0));
    CHECK(empty.allow_up_to(t(9), t(99), 5) == 0);
  }

  TEST_CASE("what may never act is no reservation, and takes nothing") {
    for (const auto& r : {per_second(0), per_second(1e-10)}) {
      token_bucket b{r, 1, t(0)};
      CHECK(b.allow(t(0)));
      for (int i = 0; i < 10; ++i)
        CHECK_FALSE(b.reserve(t(0), 1).ok());
      b.set_rate(t(0), per_second(1));
      CHECK(b.reserve(t(0), 1).delay(t(0)) == 1s);
    }
  }

  TEST_CASE("a rate that begins at zero can be set") {
    token_bucket b{per_second(0), 1, t(0)};
    CHECK(b.allow(t(0)));
    CHECK_FALSE(b.allow(t(5)));
    b.set_rate(t(5), per_second(10));
    CHECK(reserved(b, 5, 1) == 6);
  }

  TEST_CASE("tiny and huge rates neither overflow nor lose the order of things") {
    token_bucket slow{per_second(1e-10), 1, t(0)};
    CHECK(slow.allow(t(0)));
    CHECK_FALSE(slow.allow(time_point::max()));
    CHECK(slow.retry_after(t(0)) == for_ever);
    CHECK(slow.reserve(t(0)).act_at() == time_point::max());

    token_bucket quick{per_second(1e300), 5, time_point::min()};
    CHECK(quick.allow(time_point::min(), 5));
    CHECK_FALSE(quick.allow(time_point::min()));
    CHECK(quick.allow(time_point::max(), 5));

    token_bucket large{per_second(1e9), 1e15, t(0)};
    CHECK(large.allow(t(0), 1e15));
    CHECK(large.retry_after(t(0), 1e15) == duration{1'000'000'000'000'000});
  }

  TEST_CASE("allow_up_to takes as many as allow would one after the other, at one instant") {
    token_bucket b{per_second(10), 4, t(0)};
    CHECK(b.allow_up_to(t(0), t(0), 3) == 3);
    CHECK(b.allow_up_to(t(0), t(0), 3) == 1);
    CHECK(b.allow_up_to(t(0), t(0), 3) == 0);
    CHECK(b.allow_up_to(t(2) + 50ms, t(2) + 50ms, 9) == 2);
    CHECK(b.tokens(t(2) + 50ms) == 0.5);
  }

  TEST_CASE("allow_up_to an instant takes what come until then, and no more") {
    token_bucket b{per_second(10), 2, t(0)};
    CHECK(b.allow(t(0), 2));
    CHECK(b.allow_up_to(t(0), t(5), 9) == 5);
    CHECK(b.tokens(t(5)) == 0);
    CHECK(b.allow_up_to(t(9), t(9), 9) == 2);
  }

  TEST_CASE("wrong options are refused by name") {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS((token_bucket{per_second(-1), 1, t(0)}),
                         "token_bucket: rate = -1 per second, needs at least 0 per second",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS((token_bucket{per_minute(-2), 1, t(0)}),
                         "token_bucket: rate = -2 per minute, needs at least 0 per second",
                         std::invalid_argument);
    CHECK_THROWS_AS((token_bucket{per_second(nan), 1, t(0)}), std::invalid_argument);
    CHECK_THROWS_WITH_AS((token_bucket{per_second(1), -1, t(0)}),
                         "token_bucket: burst = -1, needs a number, at least 0",
                         std::invalid_argument);
    CHECK_THROWS_AS((token_bucket{per_second(1), nan, t(0)}), std::invalid_argument);
    CHECK_THROWS_AS((token_bucket{per_second(1), std::numeric_limits<double>::infinity(), t(0)}),
                    std::invalid_argument);

    token_bucket b{per_second(1), 1, t(0)};
    CHECK_THROWS_WITH_AS(b.allow(t(0), -1), "token_bucket: n = -1, needs a number, at least 0",
                         std::invalid_argument);
    CHECK_THROWS_AS((void)b.reserve(t(0), nan), std::invalid_argument);
    CHECK_THROWS_AS((void)b.retry_after(t(0), -1), std::invalid_argument);
    CHECK_THROWS_AS(b.set_rate(t(0), per_second(-3)), std::invalid_argument);
    CHECK_THROWS_AS(b.set_burst(t(0), -3), std::invalid_argument);
    CHECK(b.tokens(t(0)) == 1);
    CHECK(b.burst() == 1);
    CHECK(b.rate() == per_second(1));
  }

  TEST_CASE("a limit on calls or a flow needs a rate above zero and a burst of one") {
    CHECK_THROWS_WITH_AS(troupe::check_limit("limiter \"api\"", per_second(0)),
                         "limiter \"api\": rate = 0 per second, needs more than 0 per second",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(troupe::check_limit("limiter \"api\"", 0.5),
                         "limiter \"api\": burst = 0.5, needs a number, at least 1",
                         std::invalid_argument);
    CHECK_NOTHROW(troupe::check_limit("limiter", unlimited()));
    CHECK_NOTHROW(troupe::check_limit("limiter", 1));
  }
}
