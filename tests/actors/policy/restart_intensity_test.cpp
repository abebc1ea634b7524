#include <troupe/policy/restart_intensity.hpp>

#include <chrono>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::restart_intensity;
using troupe::time_point;

namespace {

constexpr time_point t0{1h};

std::vector<bool> recorded(restart_intensity i, const std::vector<troupe::duration>& after) {
  std::vector<bool> answers;
  for (const auto d : after)
    answers.push_back(i.record(t0 + d));
  return answers;
}

} // namespace

TEST_SUITE("restart_intensity") {
  TEST_CASE("more than so many restarts within the period are too many") {
    CHECK(recorded({3, 5s}, {0s, 1s, 2s, 3s}) == std::vector{true, true, true, false});
    CHECK(recorded({1, 5s}, {0s, 1s}) == std::vector{true, false});
    CHECK(recorded({0, 5s}, {0s}) == std::vector{false});
  }

  TEST_CASE("a restart counts until exactly one period later, and no longer") {
    CHECK(recorded({1, 5s}, {0s, 5s}) == std::vector{true, false});
    CHECK(recorded({1, 5s}, {0s, 5s + 1ns}) == std::vector{true, true});
    CHECK(recorded({2, 5s}, {0s, 4s, 5s + 1ns, 9s}) == std::vector{true, true, true, false});
  }

  TEST_CASE("restarts that keep their distance never end") {
    restart_intensity i{3, 5s};
    for (int n = 0; n < 1'000; ++n)
      CHECK(i.record(t0 + n * 2s));
  }

  TEST_CASE("a restart that was one too many counts like any other") {
    CHECK(recorded({1, 5s}, {0s, 4s, 8s}) == std::vector{true, false, false});
    CHECK(recorded({1, 5s}, {0s, 4s, 10s}) == std::vector{true, false, true});
  }

  TEST_CASE("unlimited never gives up, never at once") {
    auto always = restart_intensity::unlimited();
    for (int n = 0; n < 1'000; ++n)
      CHECK(always.record(t0));
    CHECK(always.is_unlimited());
    CHECK_FALSE(restart_intensity::never().record(t0));
  }

  TEST_CASE("a clock that steps back neither forgets restarts nor keeps them for ever") {
    restart_intensity i{2, 5s};
    CHECK(i.record(t0 + 1h));
    CHECK(i.record(t0));
    CHECK_FALSE(i.record(t0 + 1s));
    CHECK(i.record(t0 + 6s));
  }

  TEST_CASE("periods and numbers at the end of their range are kept to") {
    restart_intensity i{1, troupe::duration::max()}; // the range is twice as long
    restart_intensity half{1, troupe::duration::max()};
    CHECK(i.record(time_point::min()));
    CHECK(i.record(time_point::max()));
    CHECK(half.record(time_point{0s}));
    CHECK_FALSE(half.record(time_point::max()));
  }

  TEST_CASE("wrong options are refused by name") {
    CHECK_THROWS_WITH_AS(restart_intensity(-1, 5s),
                         "restart_intensity: restarts = -1, needs at least 0",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(restart_intensity(3, 0s),
                         "restart_intensity: period = 0 ms, needs more than 0 ms",
                         std::invalid_argument);
  }
}
