#include <troupe/policy/retry.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "constant_rng.hpp"

using namespace std::chrono_literals;
using troupe::duration;
using troupe::errc;
using troupe::error;
using troupe::jitter;
using troupe::retry;
using troupe::retry_schedule;

namespace {

const error failure{errc::stage_failed, "quote", "no answer"};

template <class Rng>
std::vector<duration> waits(const retry& options, Rng rng, const error& e = failure) {
  retry_schedule schedule{options};
  std::vector<duration> all;
  while (const auto wait = schedule.next(e, rng))
    all.push_back(*wait);
  return all;
}

std::string refusal(const retry& options) {
  try {
    const retry_schedule schedule{options};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

bool within_1us_below(duration d, duration limit) { return d < limit && d > limit - 1us; }

} // namespace

TEST_SUITE("retry") {
  TEST_CASE("attempts counts the first, so there is one wait less") {
    for (const std::size_t attempts : {1U, 2U, 3U, 7U})
      CHECK(waits({.attempts = attempts}, lowest{}).size() == attempts - 1);
  }

  TEST_CASE("the defaults are three attempts, 20 ms to 1 s, full jitter") {
    const retry r;

    CHECK(r.attempts == 3);
    CHECK(r.backoff.min == 20ms);
    CHECK(r.backoff.max == 1s);
    CHECK(r.backoff.factor == 0.0);
    CHECK(r.jitter == jitter::full);
    CHECK_FALSE(r.retry_if);
  }

  TEST_CASE("without jitter it waits what the backoff says") {
    const retry r{.attempts = 8, .backoff = {20ms, 1s}, .jitter = jitter::none};

    CHECK(waits(r, highest{}) == std::vector<duration>{20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1s});
  }

  TEST_CASE("the backoff's factor applies without jitter, and only then") {
    retry r{.attempts = 2, .backoff = {100ms, 1s, 0.5}, .jitter = jitter::none};
    CHECK(within_1us_below(waits(r, highest{}).at(0), 150ms));

    r.jitter = jitter::full;
    CHECK(within_1us_below(waits(r, highest{}).at(0), 100ms));
  }

  TEST_CASE("full jitter waits anything from zero to the backoff's delay") {
    const retry r{.attempts = 8, .backoff = {20ms, 1s}, .jitter = jitter::full};
    const std::array<duration, 7> limits{20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1s};

    CHECK(waits(r, lowest{}) == std::vector<duration>(7, 0s));
    const auto most = waits(r, highest{});
    REQUIRE(most.size() == limits.size());
    for (std::size_t i = 0; i < limits.size(); ++i)
      CHECK(within_1us_below(most[i], limits.at(i)));
  }

  TEST_CASE("decorrelated jitter waits from the minimum to three times the last wait") {
    const retry r{.attempts = 6, .backoff = {20ms, 1s}, .jitter = jitter::decorrelated};
    const std::array<duration, 5> limits{60ms, 180ms, 540ms, 1s, 1s};

    CHECK(waits(r, lowest{}) == std::vector<duration>(5, 20ms));
    const auto most = waits(r, highest{});
    REQUIRE(most.size() == limits.size());
    for (std::size_t i = 0; i < limits.size(); ++i)
      CHECK(within_1us_below(most[i], limits.at(i)));
  }

  TEST_CASE("jitter survives limits as large as a duration") {
    for (const auto how : {jitter::none, jitter::full, jitter::decorrelated}) {
      const retry r{.attempts = 100, .backoff = {1ns, duration::max()}, .jitter = how};
      for (const auto wait : waits(r, highest{}))
        CHECK(wait >= 0ns);
    }
  }

  TEST_CASE("refusals are not retried, every other error is") {
    struct row {
      errc code;
      bool retried;
    };
    const std::array rows{
        row{errc::breaker_open, false},      row{errc::rate_limited, false},
        row{errc::pool_full, false},         row{errc::cancelled, false},
        row{errc::timed_out, true},          row{errc::deadline_exceeded, true},
        row{errc::stage_failed, true},       row{errc::retries_exhausted, true},
        row{errc::worker_died, true},        row{errc::closed, false},
        row{errc::quorum_unreachable, true}, row{errc::overflow, true},
        row{errc::remote_lost, true},
    };

    for (const row& r : rows) {
      CAPTURE(troupe::to_string(r.code));
      CHECK(waits({.attempts = 2}, lowest{}, error{r.code}).size() == (r.retried ? 1 : 0));
    }
  }

  TEST_CASE("a predicate decides about every error, refusals included") {
    const retry only_full{.attempts = 2,
                          .retry_if = [](const error& e) { return e.code() == errc::pool_full; }};

    CHECK(waits(only_full, lowest{}, error{errc::pool_full}).size() == 1);
    CHECK(waits(only_full, lowest{}, error{errc::breaker_open}).empty());
    CHECK(waits(only_full, lowest{}, failure).empty());
  }

  TEST_CASE("what has ended does not come back, whatever the predicate says") {
    int asked = 0;
    const retry any{.attempts = 3, .retry_if = [&](const error&) { return ++asked > 0; }};

    CHECK(waits(any, lowest{}, error{errc::closed}).empty());
    CHECK(asked == 0);
  }

  TEST_CASE("what is random in the delay comes on top of what the error asks for") {
    const auto between = [](const retry& r) {
      const auto asks = error{failure}.with_retry_after(100ms);
      return std::vector{waits(r, lowest{}, asks).at(0), waits(r, highest{}, asks).at(0)};
    };
    const auto full = between({.attempts = 2, .backoff = {50ms, 1s}, .jitter = jitter::full});
    CHECK(full[0] == 100ms);
    CHECK(full[1] > 149ms);
    CHECK(full[1] <= 150ms);
    const auto less
        = between({.attempts = 2, .backoff = {50ms, 1s}, .jitter = jitter::decorrelated});
    CHECK(less[0] == 150ms);
    CHECK(less[1] > 249ms);
    const auto factor
        = between({.attempts = 2, .backoff = {50ms, 1s, 1.0}, .jitter = jitter::none});
    CHECK(factor[0] == 100ms);
    CHECK(factor[1] > 149ms);
    CHECK(factor[1] <= 150ms);
  }

  TEST_CASE("the longest retry_after saturates") {
    const retry r{.attempts = 2, .backoff = {1h, duration::max()}, .jitter = jitter::full};

    CHECK(waits(r, highest{}, error{failure}.with_retry_after(duration::max()))
          == std::vector{duration::max()});
  }

  TEST_CASE("the predicate is not asked about the last attempt") {
    int asked = 0;
    const retry r{.attempts = 3, .retry_if = [&](const error&) { return ++asked > 0; }};

    waits(r, lowest{});

    CHECK(asked == 2);
  }

  TEST_CASE("waits at least as long as the error asks for") {
    const retry r{.attempts = 4, .backoff = {20ms, 1s}, .jitter = jitter::none};

    CHECK(waits(r, lowest{}, error{failure}.with_retry_after(50ms))
          == std::vector<duration>{50ms, 50ms, 80ms});
  }

  TEST_CASE("gives up when the error asks for more than the backoff's maximum") {
    const retry r{.attempts = 2, .backoff = {20ms, 1s}};

    CHECK(waits(r, lowest{}, error{failure}.with_retry_after(1s)) == std::vector<duration>{1s});
    CHECK(waits(r, lowest{}, error{failure}.with_retry_after(1s + 1ns)).empty());
  }

  TEST_CASE("a refusal that is asked for still has to fit the backoff's maximum") {
    const retry r{
        .attempts = 2, .backoff = {20ms, 1s}, .retry_if = [](const error&) { return true; }};
    const error open{errc::breaker_open};

    CHECK(waits(r, lowest{}, error{open}.with_retry_after(1s)) == std::vector<duration>{1s});
    CHECK(waits(r, lowest{}, error{open}.with_retry_after(2s)).empty());
  }

  TEST_CASE("counts failed attempts, and begins anew after a reset") {
    lowest rng;
    retry_schedule schedule{{.attempts = 2, .backoff = {20ms, 1s}, .jitter = jitter::decorrelated}};
    CHECK(schedule.attempts() == 0);
    CHECK(schedule.next(failure, rng) == 20ms);
    CHECK_FALSE(schedule.next(failure, rng));
    CHECK_FALSE(schedule.next(failure, rng));
    CHECK(schedule.attempts() == 3);

    schedule.reset();

    CHECK(schedule.attempts() == 0);
    CHECK(schedule.next(failure, rng) == 20ms);
  }

  TEST_CASE("a reset takes the delays back to the first") {
    for (const auto how : {jitter::none, jitter::full, jitter::decorrelated}) {
      highest rng;
      retry_schedule schedule{{.attempts = 5, .backoff = {20ms, 1s}, .jitter = how}};
      const auto first = schedule.next(failure, rng);
      schedule.next(failure, rng);

      schedule.reset();

      CHECK(schedule.next(failure, rng) == first);
    }
  }

  TEST_CASE("options out of range are refused, with option, value and range") {
    CHECK(refusal({.attempts = 0}) == "retry: attempts = 0, needs at least 1");
    CHECK(refusal({.backoff = {-1500us, 1s}})
          == "retry: backoff.min = -1.5 ms, needs at least 0 ms");
    CHECK(refusal({.backoff = {20ms, 20ms - 1ns}})
          == "retry: backoff.max = 19.999999 ms, needs at least backoff.min, 20 ms");
    CHECK(refusal({.backoff = {20ms, 1s, -0.5}}) == "retry: backoff.factor = -0.5, needs 0 to 1");
    CHECK(refusal({.backoff = {20ms, 1s, 1.5}}) == "retry: backoff.factor = 1.5, needs 0 to 1");
    CHECK_THROWS_WITH_AS(troupe::validate({.attempts = 0}, "call \"pricing\""),
                         "call \"pricing\": attempts = 0, needs at least 1", std::invalid_argument);
  }

  TEST_CASE("options at the ends of their ranges are accepted") {
    CHECK(refusal({.attempts = 1}).empty());
    CHECK(refusal({.backoff = {0ms, 0ms}}).empty());
    CHECK(refusal({.backoff = {20ms, 20ms, 1.0}}).empty());
  }

  TEST_CASE("property: no jitter ever leaves its range") {
    CHECK(rc::check([](std::uint32_t seed, std::uint32_t min, std::uint32_t more, bool full) {
      const retry r{.attempts = 20,
                    .backoff = {duration{min}, duration{min} + duration{more}},
                    .jitter = full ? jitter::full : jitter::decorrelated};
      for (const auto wait : waits(r, std::mt19937{seed})) {
        RC_ASSERT(wait >= (full ? 0ns : r.backoff.min.value()));
        RC_ASSERT(wait <= r.backoff.max);
      }
    }));
  }
}
