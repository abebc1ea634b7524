#include <troupe/policy/pool_resizer.hpp>

#include <array>
#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace std::chrono_literals;
using troupe::pool_resizer;
using troupe::resizer_options;
using troupe::time_point;

namespace {

const time_point t0{1h};

std::string refusal(const resizer_options& options) {
  try {
    const pool_resizer z{options};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

} // namespace

TEST_SUITE("pool_resizer") {
  TEST_CASE("grows when all are busy, shrinks when few are") {
    struct row {
      int workers, busy, change;
    };
    const std::array rows{
        row{10, 9, 0},  row{5, 5, +1},  row{6, 6, +2},                    // 20 %, rounded up
        row{1, 1, +1},  row{9, 9, +1},  row{10, 10, 0},                   // not beyond 10
        row{10, 2, -1}, row{10, 3, 0},  row{10, 0, -1},  row{4, 1, -1},   // 25 %
        row{2, 1, 0},   row{1, 0, 0},   row{2, 0, -1},                    // not below 1
        row{0, 0, +1},  row{-5, 0, +1}, row{12, 12, -2}, row{99, 0, -89}, // from outside
        row{5, 7, +1},  row{5, -1, -1},                                   // impossible numbers
    };
    const pool_resizer z{{.min = 1, .max = 10, .grow = 0.2, .shrink = 0.1, .shrink_below = 0.3}};

    for (const auto& r : rows) {
      CAPTURE(r.workers);
      CAPTURE(r.busy);
      CHECK(z.decide(r.workers, r.busy) == r.change);
    }
  }

  TEST_CASE("rounds growth up and shrinking down, at least one, and is not fooled by binary") {
    const pool_resizer z{{.min = 1, .max = 1000, .grow = 0.1, .shrink = 0.1}};

    CHECK(z.decide(30, 30) == 3); // 0.1 x 30 is 3.0000000000000004 in some ways of computing it
    CHECK(z.decide(31, 31) == 4);
    CHECK(z.decide(30, 0) == -3);
    CHECK(z.decide(39, 0) == -3);
    CHECK(z.decide(5, 0) == -1);
  }

  TEST_CASE("exactly at the threshold it does not shrink, for every number of workers") {
    const pool_resizer z{{.min = 1, .max = 10'000, .shrink_below = 0.3}};

    for (int tenths = 1; tenths < 1000; ++tenths) {
      CHECK(z.decide(10 * tenths, 3 * tenths) == 0);
      CHECK(z.decide(10 * tenths, 3 * tenths - 1) < 0);
    }
  }

  TEST_CASE("numbers no machine has neither overflow nor leave the bounds") {
    constexpr auto most = std::numeric_limits<int>::max();
    const pool_resizer z{{.min = 1, .max = most, .grow = 1e300}};

    CHECK(z.decide(1, 1) == most - 1);
    CHECK(z.decide(most, most) == 0);
    CHECK(z.decide(std::numeric_limits<long long>::max(), 0) == std::numeric_limits<int>::min());
  }

  TEST_CASE("grows when the queue wait exceeds its target, however many are busy") {
    pool_resizer z{{.max = 10, .wait_target = 50ms}};

    CHECK(z.decide(t0, 5, 3, 50ms) == 0);
    CHECK(z.decide(t0, 5, 3, 50ms + 1ns) == 1);
    CHECK(z.decide(t0, 5, 0, 1s) == 1);
    CHECK(z.decide(t0, 5, 0, 0ms) == -1);
  }

  TEST_CASE("without a target the queue wait does not matter") {
    pool_resizer z{{}};

    CHECK(z.decide(t0, 5, 3, 1h) == 0);
  }

  TEST_CASE("the first change is free, the next waits for the end of the cooldown") {
    pool_resizer z{{.cooldown = 10s}};

    CHECK(z.decide(t0, 5, 5, 0s) == 1);
    CHECK(z.decide(t0, 6, 6, 0s) == 0);
    CHECK(z.decide(t0 + 10s - 1ns, 6, 0, 0s) == 0);
    CHECK(z.decide(t0 + 10s, 6, 0, 0s) == -1);
    CHECK(z.decide(t0 + 15s, 5, 5, 0s) == 0); // counted from the last change
    CHECK(z.decide(t0 + 20s, 5, 5, 0s) == 1);
  }

  TEST_CASE("an answer of 0 begins no cooldown") {
    pool_resizer z{{.cooldown = 10s}};

    CHECK(z.decide(t0, 10, 5, 0s) == 0);
    CHECK(z.decide(t0, 5, 5, 0s) == 1);
  }

  TEST_CASE("a pool outside of its bounds comes back in a cooldown, too") {
    pool_resizer z{{.min = 2, .max = 10, .cooldown = 10s}};
    CHECK(z.decide(t0, 5, 5, 0s) == 1);

    CHECK(z.decide(t0 + 1s, 1, 0, 0s) == 1);
    CHECK(z.decide(t0 + 2s, 11, 11, 0s) == -1);
  }

  TEST_CASE("a clock that steps back begins the cooldown anew, and locks nothing") {
    pool_resizer z{{.cooldown = 10s}};
    CHECK(z.decide(t0, 5, 5, 0s) == 1);

    const auto back = t0 - 30min;
    CHECK(z.decide(back, 5, 5, 0s) == 0);
    CHECK(z.decide(back + 10s - 1ns, 5, 5, 0s) == 0);
    CHECK(z.decide(back + 10s, 5, 5, 0s) == 1);
    CHECK(z.decide(time_point::min(), 5, 5, 0s) == 0);
    CHECK(z.decide(time_point::max(), 5, 5, 0s) == 1);
    CHECK(z.decide(time_point::max(), 5, 5, 0s) == 0);
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK(refusal({.min = 0}) == "pool_resizer: min = 0, needs 1 to 2147483647");
    CHECK(refusal({.min = -1}) == "pool_resizer: min = -1, needs 1 to 2147483647");
    CHECK(refusal({.min = 5, .max = 4}) == "pool_resizer: max = 4, needs min (5) to 2147483647");
    CHECK(refusal({.grow = 0}) == "pool_resizer: grow = 0, needs more than 0");
    CHECK(refusal({.grow = std::numeric_limits<double>::quiet_NaN()})
          == "pool_resizer: grow = nan, needs more than 0");
    CHECK(refusal({.shrink = 0}) == "pool_resizer: shrink = 0, needs more than 0, at most 1");
    CHECK(refusal({.shrink = 1.5}) == "pool_resizer: shrink = 1.5, needs more than 0, at most 1");
    CHECK(refusal({.shrink_below = -0.1}) == "pool_resizer: shrink_below = -0.1, needs 0 to 1");
    CHECK(refusal({.shrink_below = 1.1}) == "pool_resizer: shrink_below = 1.1, needs 0 to 1");
    CHECK(refusal({.cooldown = -1ms}) == "pool_resizer: cooldown = -1 ms, needs at least 0 ms");
    CHECK(refusal({.wait_target = -1us})
          == "pool_resizer: wait_target = -0.001 ms, needs at least 0 ms");
    CHECK(refusal({.min = 4, .max = 4, .grow = 3, .shrink = 1, .shrink_below = 0}).empty());
  }

  TEST_CASE("property: the pool is within its bounds after every decision") {
    CHECK(rc::check([](std::uint8_t min, std::uint8_t more, std::uint16_t have, std::uint16_t busy,
                       std::uint32_t wait, std::uint32_t step) {
      const int low = min + 1;
      const int high = low + more;
      pool_resizer z{{.min = low, .max = high, .cooldown = 1s, .wait_target = 1ms}};
      int workers = have;
      auto now = t0;
      for (int i = 0; i < 20; ++i) {
        workers += z.decide(now, workers, busy, troupe::duration{wait});
        RC_ASSERT(workers >= low);
        RC_ASSERT(workers <= high);
        RC_ASSERT(low <= workers + z.decide(workers, busy));
        RC_ASSERT(workers + z.decide(workers, busy) <= high);
        now += troupe::duration{step};
      }
    }));
  }
}
