#include <troupe/policy/token_bucket.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include <doctest/doctest.h>

// The promise of a rate limit: in no window of length d are more than burst + rate x d allowed.
// Reckoned in billionths of a permit, exactly: with whole permits a second, that is what comes in a
// nanosecond.

using namespace std::chrono_literals;
using troupe::duration;
using troupe::per_second;
using troupe::time_point;
using troupe::token_bucket;

namespace {

using exact = std::int64_t;
constexpr exact permit = 1'000'000'000;
constexpr time_point t0{1h};

exact since_start(time_point t) { return (t - t0).count(); }

/// Notes who acted when, in order, and how much the fullest window so far held beyond rate x d.
class windows {
public:
  explicit windows(exact rate) : rate_(rate) {}

  void acted(time_point at, exact n) {
    const auto gone = rate_ * since_start(at);
    least_ = std::min(least_, total_ - gone);
    total_ += n * permit;
    fullest_ = std::max(fullest_, total_ - gone - least_);
  }
  bool within(exact burst) const { return fullest_ <= burst * permit; }
  /// The same for a window that may seem so much shorter, since its instants were rounded up.
  bool within(exact burst, duration rounded) const {
    return fullest_ <= burst * permit + rate_ * rounded.count();
  }
  exact total() const { return total_ / permit; }

private:
  exact rate_;
  exact total_ = 0;
  exact least_ = INT64_MAX;
  exact fullest_ = 0;
};

struct dice {
  std::mt19937_64 engine;
  exact operator()(exact low, exact high) {
    return std::uniform_int_distribution<exact>{low, high}(engine);
  }
  /// Mostly short, some long; now and then none.
  duration step(exact rate) {
    const auto mean = permit / rate;
    return duration{(*this)(0, 99) == 0 ? (*this)(0, 20 * mean) : (*this)(0, mean)};
  }
};

} // namespace

TEST_SUITE("token_bucket") {
  TEST_CASE("no window passes more than burst + rate x d, and no permit is withheld") {
    for (const exact rate : {1, 3, 10, 999, 1'000'003}) {
      CAPTURE(rate);
      dice roll{std::mt19937_64{static_cast<unsigned>(rate)}};
      const auto burst = roll(1, 20);
      token_bucket b{per_second(rate), burst, t0};
      windows seen{rate};
      auto now = t0;
      exact level = burst * permit; // what the rule says is there
      bool as_ruled = true;
      for (int i = 0; i < 200'000; ++i) {
        const auto passed = roll.step(rate);
        now += passed;
        level = std::min(burst * permit, level + rate * passed.count());
        const auto n = roll(0, 3) == 0 ? roll(0, burst + 1) : 1;
        const bool allowed = b.allow(now, n);
        as_ruled = as_ruled && allowed == (n * permit <= level);
        if (allowed) {
          level -= n * permit;
          seen.acted(now, n);
        }
      }
      CHECK(seen.within(burst));
      CHECK(as_ruled);
      CHECK(seen.total() > 50'000);
    }
  }

  TEST_CASE("no window has more reservations to act on than burst + rate x d") {
    for (const exact rate : {1, 3, 10, 999}) {
      CAPTURE(rate);
      dice roll{std::mt19937_64{static_cast<unsigned>(rate)}};
      const auto burst = roll(1, 20);
      token_bucket b{per_second(rate), burst, t0};
      windows seen{rate};
      auto now = t0;
      bool rounded_well = true;
      for (int i = 0; i < 100'000; ++i) {
        now += roll.step(rate) * 3;
        const auto n = roll(1, burst);
        const auto max_wait = duration{roll(0, 5 * permit)};
        const auto r = b.reserve(now, n, max_wait);
        if (!r.ok())
          continue;
        rounded_well = rounded_well && r.act_at() - now <= max_wait;
        seen.acted(r.act_at(), n);
      }
      CHECK(seen.within(burst, 1ns));
      CHECK(rounded_well);
      CHECK(seen.total() > 10'000);
    }
  }

  TEST_CASE("no window has more than that when reservations are given back") {
    struct made {
      troupe::reservation r;
      exact n;
    };
    for (const exact rate : {1, 7, 10, 999}) {
      CAPTURE(rate);
      dice roll{std::mt19937_64{static_cast<unsigned>(rate)}};
      const auto burst = roll(2, 20);
      token_bucket b{per_second(rate), burst, t0};
      std::vector<made> kept;
      auto now = t0;
      for (int i = 0; i < 100'000; ++i) {
        now += roll.step(rate) * 3;
        const auto n = roll(1, burst);
        if (const auto r = b.reserve(now, n, duration{roll(0, 30 * permit / rate)}); r.ok())
          kept.push_back({r, n});
        if (roll(0, 2) == 0 && !kept.empty()) {
          const auto chosen = static_cast<std::size_t>(
              roll(std::max<exact>(0, static_cast<exact>(kept.size()) - 5),
                   static_cast<exact>(kept.size()) - 1));
          b.cancel(kept[chosen].r, now);
          if (kept[chosen].r.act_at() >= now)
            kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(chosen));
        }
      }
      std::stable_sort(kept.begin(), kept.end(),
                       [](const made& x, const made& y) { return x.r.act_at() < y.r.act_at(); });
      windows seen{rate};
      for (const auto& k : kept)
        seen.acted(k.r.act_at(), k.n);
      CHECK(seen.within(burst, 2ns));
      CHECK(seen.total() > 10'000);
    }
  }

  TEST_CASE("live changes pass no more than the largest burst and rate of a window allow"
            * doctest::test_suite("long")) {
    struct allowed {
      time_point at;
      exact n;
      exact rate; ///< the largest since the one before
      exact burst;
    };
    dice roll{std::mt19937_64{20'240'731}};
    exact rate = 10;
    exact burst = 5;
    token_bucket b{per_second(rate), burst, t0};
    std::deque<allowed> recent;
    auto largest = std::pair{rate, burst};
    auto now = t0;
    exact worst = 0; // beyond the bound, in any window
    exact total = 0;
    for (int i = 0; i < 300'000; ++i) {
      now += duration{roll(0, permit / 20)};
      if (roll(0, 9) == 0)
        b.set_rate(now, per_second(rate = roll(1, 30)));
      if (roll(0, 9) == 0)
        b.set_burst(now, burst = roll(1, 10));
      largest = {std::max(largest.first, rate), std::max(largest.second, burst)};
      const auto n = roll(1, 3);
      if (!b.allow(now, n))
        continue;
      total += n;
      recent.push_back({now, n, largest.first, largest.second});
      largest = {rate, burst};
      if (recent.size() > 50)
        recent.pop_front();
      exact sum = 0;
      exact most_rate = rate;
      exact most_burst = burst;
      for (auto from = recent.rbegin(); from != recent.rend(); ++from) {
        sum += from->n * permit;
        worst = std::max(worst, sum - most_burst * permit - most_rate * (now - from->at).count());
        most_rate = std::max(most_rate, from->rate);
        most_burst = std::max(most_burst, from->burst);
      }
    }
    CHECK(worst <= 0);
    CHECK(total > 50'000);
  }
}
