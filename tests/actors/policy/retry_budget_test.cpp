#include <troupe/policy/retry_budget.hpp>

#include <chrono>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::duration;
using troupe::retry_budget;
using troupe::time_point;

namespace {

constexpr time_point t0{1h};

void begin(retry_budget& b, int calls, time_point now) {
  for (int i = 0; i < calls; ++i)
    b.call(now);
}

/// How many of `wanted` attempts are granted; each is over at once.
int granted(retry_budget& b, int wanted, time_point now) {
  int n = 0;
  for (int i = 0; i < wanted; ++i)
    if (b.take(now)) {
      ++n;
      b.finished();
    }
  return n;
}

/// The same, none of which ends.
int granted_and_kept(retry_budget& b, int wanted, time_point now) {
  int n = 0;
  for (int i = 0; i < wanted; ++i)
    n += b.take(now) ? 1 : 0;
  return n;
}

} // namespace

TEST_SUITE("retry_budget") {
  TEST_CASE("a budget of 20 % of calls stops retry storms") {
    retry_budget b;

    begin(b, 1'000, t0);

    CHECK(granted(b, 10'000, t0) == 200);
  }

  TEST_CASE("the budget counts what began within ten seconds") {
    retry_budget b{0.2};
    begin(b, 100, t0);
    CHECK(granted_and_kept(b, 100, t0 + 1s) == 20);

    begin(b, 100, t0 + 5s);
    CHECK(granted_and_kept(b, 100, t0 + 5s) == 20);
    CHECK(granted_and_kept(b, 100, t0 + 10s) == 0); // 100 calls, 40 attempts
    begin(b, 100, t0 + 10s);
    CHECK(granted_and_kept(b, 100, t0 + 10s) == 0);  // 200 calls, 40 attempts
    CHECK(granted_and_kept(b, 100, t0 + 12s) == 20); // 200 calls, 20 attempts
  }

  TEST_CASE("with few calls three attempts may be under way, however many there were") {
    retry_budget b{0.2};
    b.call(t0);

    CHECK(granted(b, 10, t0) == 10); // one after the other
    CHECK(granted_and_kept(b, 10, t0) == 3);
    CHECK(b.under_way() == 3);
    b.finished();
    CHECK(granted_and_kept(b, 10, t0 + 1h) == 1);
  }

  TEST_CASE("the floor of three counts only below 15 calls") {
    retry_budget below{0.2};
    begin(below, 14, t0);
    CHECK(granted(below, 20, t0) == 20);

    retry_budget at{0.2};
    begin(at, 15, t0);
    CHECK(granted(at, 20, t0) == 3);

    retry_budget late{0.2};
    begin(late, 15, t0);
    CHECK(granted(late, 20, t0 + 10s) == 20); // none in the last ten seconds
  }

  TEST_CASE("what the floor granted counts against the budget") {
    retry_budget b{0.2};
    begin(b, 14, t0);
    CHECK(granted(b, 10, t0) == 10);

    begin(b, 40, t0);
    CHECK(granted(b, 10, t0) == 0); // 54 calls, 10 attempts
    begin(b, 1, t0);
    CHECK(granted(b, 10, t0) == 1);
  }

  TEST_CASE("many calls under way do not need the floor") {
    retry_budget b{0.2};
    begin(b, 100, t0);

    CHECK(granted_and_kept(b, 100, t0) == 20);
    CHECK(b.under_way() == 20);
  }

  TEST_CASE("in every rolling window of ten seconds that ends with an extra attempt it holds") {
    std::mt19937_64 rng{11};
    retry_budget b{0.2};
    std::vector<time_point> calls;
    std::vector<time_point> extra;
    auto now = t0;
    const auto since = [&](const std::vector<time_point>& all) {
      std::size_t n = 0;
      for (auto t = all.rbegin(); t != all.rend() && now - *t < retry_budget::span; ++t)
        ++n;
      return n;
    };
    std::size_t checked = 0;
    for (int i = 0; i < 40'000; ++i) {
      now += duration{
          static_cast<duration::rep>(rng() % (i % 500 == 0 ? 8'000'000'000 : 40'000'000))};
      const int storm = i / 5'000 % 2; // seldom and often
      if (rng() % 10 < (storm != 0 ? 3U : 8U)) {
        b.call(now);
        calls.push_back(now);
      } else if (b.take(now)) {
        extra.push_back(now);
        const auto c = since(calls);
        if (c >= 15) {
          REQUIRE(since(extra) * 5 <= c);
          ++checked;
        } else {
          REQUIRE(b.under_way() <= 3);
        }
      }
      if (b.under_way() > 0 && rng() % 3 == 0)
        b.finished();
    }
    CHECK(checked > 1'000);
  }

  TEST_CASE("a steady storm gets what the budget allows, to one per cent") {
    retry_budget b{0.2};
    int extra = 0;
    constexpr int calls = 100'000;
    for (int i = 0; i < calls; ++i) {
      const auto now = t0 + i * 1ms;
      b.call(now);
      extra += granted(b, 2, now);
    }

    CHECK(extra <= calls / 5);
    CHECK(extra >= calls / 5 - calls / 500);
  }

  TEST_CASE("a clock that steps back gives nothing back") {
    retry_budget b{0.2};
    begin(b, 100, t0);
    CHECK(granted(b, 100, t0) == 20);

    CHECK(granted(b, 100, t0 - 5s) == 0);
    CHECK(granted(b, 100, time_point{}) == 0);
    CHECK(granted(b, 100, time_point{5s}) == 0);
    begin(b, 100, time_point{20s});
    CHECK(granted(b, 100, time_point{20s}) == 20);
  }

  TEST_CASE("a ratio of zero leaves the floor, an infinite one grants all, a floor of zero none") {
    retry_budget none{0.0};
    begin(none, 1'000, t0);
    CHECK(granted_and_kept(none, 10, t0) == 3);

    retry_budget all{std::numeric_limits<double>::infinity()};
    CHECK(granted_and_kept(all, 1'000, t0) == 1'000);

    retry_budget strict{0.2, 0};
    begin(strict, 4, t0);
    CHECK(granted(strict, 10, t0) == 0);
    begin(strict, 1, t0);
    CHECK(granted(strict, 10, t0) == 1);
  }

  TEST_CASE("an end without a beginning changes nothing") {
    retry_budget b{0.2};
    b.finished();

    CHECK(b.under_way() == 0);
    CHECK(granted_and_kept(b, 10, t0) == 3);
  }

  TEST_CASE("wrong options are refused by name") {
    CHECK_THROWS_WITH_AS(retry_budget(-0.1), "retry: budget = -0.1, needs at least 0",
                         std::invalid_argument);
    const auto no_number = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(retry_budget{no_number}, std::invalid_argument);
  }
}
