#include <troupe/policy/backoff.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "constant_rng.hpp"

using namespace std::chrono_literals;
using troupe::backoff;
using troupe::duration;

namespace {

std::vector<duration> delays(backoff b, std::size_t n) {
  lowest rng;
  std::vector<duration> all;
  for (std::size_t i = 0; i < n; ++i)
    all.push_back(b.next(rng));
  return all;
}

} // namespace

TEST_SUITE("backoff") {
  TEST_CASE("doubles from the minimum up to the maximum") {
    const backoff b{.min = 3s, .max = 30s, .factor = 0.0};

    CHECK(delays(b, 6) == std::vector<duration>{3s, 6s, 12s, 24s, 30s, 30s});
  }

  TEST_CASE("two durations are a minimum and a maximum without spread") {
    static_assert(std::is_aggregate_v<backoff>);

    CHECK(delays({20ms, 1s}, 7)
          == std::vector<duration>{20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1s});
  }

  TEST_CASE("reaches a maximum that is a power of two times the minimum, exactly") {
    CHECK(delays({1s, 8s}, 5) == std::vector<duration>{1s, 2s, 4s, 8s, 8s});
    CHECK(delays({1s, 8s - 1ns}, 5) == std::vector<duration>{1s, 2s, 4s, 8s - 1ns, 8s - 1ns});
    CHECK(delays({1s, 8s + 1ns}, 5) == std::vector<duration>{1s, 2s, 4s, 8s, 8s + 1ns});
  }

  TEST_CASE("begins at the minimum again after a reset") {
    lowest rng;
    backoff b{3s, 30s};
    b.next(rng);
    b.next(rng);

    b.reset();

    CHECK(b.next(rng) == 3s);
    CHECK(b.next(rng) == 6s);
  }

  TEST_CASE("spreads upwards by at most the factor, beyond the maximum too") {
    lowest low;
    highest high;

    for (const std::size_t step : {0U, 1U, 10U}) {
      backoff a{.min = 3s, .max = 30s, .factor = 0.2, .step = step};
      backoff b = a;
      const duration base = step == 0 ? 3s : step == 1 ? 6s : 30s;

      CHECK(a.next(low) == base);
      const duration most = b.next(high);
      CHECK(most > base + base / 5 - 1us);
      CHECK(most <= base + base / 5);
    }
  }

  TEST_CASE("never overflows, however large the limits and however often asked") {
    highest rng;

    SUBCASE("without a spread") {
      backoff b{.min = 1ns, .max = duration::max()};
      duration last{};
      for (int i = 0; i < 1000; ++i)
        last = b.next(rng);
      // 2^63 ns is one more than a duration can hold.
      CHECK(last == duration::max());
    }
    SUBCASE("with a spread") {
      backoff b{.min = duration::max() / 2, .max = duration::max(), .factor = 1.0};
      CHECK(b.next(rng) >= duration::max() - 1us);
      CHECK(b.next(rng) == duration::max());
    }
    SUBCASE("with a step no machine can shift by") {
      backoff b{.min = 1ns, .max = 1h, .factor = 0.0, .step = static_cast<std::size_t>(-1)};
      CHECK(b.next(rng) == 1h);
      CHECK(b.next(rng) == 1h);
    }
  }

  TEST_CASE("a minimum of zero never waits") {
    CHECK(delays({0s, 1s}, 3) == std::vector<duration>{0s, 0s, 0s});
  }

  TEST_CASE("limits below zero count as zero, and the maximum wins over the minimum") {
    CHECK(delays({-1s, 1s}, 2) == std::vector<duration>{0s, 0s});
    CHECK(delays({1s, -1s}, 2) == std::vector<duration>{0s, 0s});
    CHECK(delays({5s, 2s}, 2) == std::vector<duration>{2s, 2s});
  }

  TEST_CASE("property: delays never fall, and stay between minimum and maximum") {
    CHECK(rc::check([](std::uint32_t min, std::uint32_t more) {
      lowest rng;
      backoff b{duration{min}, duration{min} + duration{more}};
      duration last = b.min;
      for (int i = 0; i < 70; ++i) {
        const duration now = b.next(rng);
        RC_ASSERT(now >= last);
        RC_ASSERT(now <= b.max);
        RC_ASSERT(now == b.max || now <= 2 * last);
        last = now;
      }
      RC_ASSERT(min == 0 || last == b.max);
    }));
  }
}
