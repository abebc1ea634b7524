#include <troupe/policy/rate.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using troupe::duration;
using troupe::every;
using troupe::per_minute;
using troupe::per_second;
using troupe::unlimited;

TEST_SUITE("rate") {
  TEST_CASE("a rate is the same however it is written") {
    CHECK(per_second(10).per_second() == 10);
    CHECK(per_minute(90).per_second() == 1.5);
    CHECK(every(250ms).per_second() == 4);
    CHECK(every(2500ms).per_second() == 0.4);
    CHECK(every(duration::max()).per_second()
          == doctest::Approx{1e9 / static_cast<double>(INT64_MAX)});
  }

  TEST_CASE("no time between permits is no limit") {
    CHECK(every(0s).is_unlimited());
    CHECK(every(-1ns).is_unlimited());
    CHECK(per_second(std::numeric_limits<double>::infinity()).is_unlimited());
    CHECK(unlimited().is_unlimited());
    CHECK_FALSE(per_second(1e300).is_unlimited());
    CHECK(unlimited().time_for(1e9) == 0s);
  }

  TEST_CASE("what is a whole number of permits in a time comes out as one") {
    for (int i = 1; i < 1'000; ++i) {
      CAPTURE(i);
      CHECK(every(i * 1s).permits_in(i * 1s) == 1);
      CHECK(every(i * 1s).time_for(3) == i * 3s);
      CHECK(per_minute(i).permits_in(1min) == i);
      CHECK(per_minute(i).time_for(i) == 1min);
      CHECK(per_second(i).permits_in(7s) == 7 * i);
      CHECK(per_second(i).time_for(7 * i) == 7s);
    }
  }

  TEST_CASE("the time for permits is rounded up, so that they have come by then") {
    CHECK(per_second(3).time_for(1) == 333'333'334ns);
    CHECK(per_second(3).time_for(2) == 666'666'667ns);
    CHECK(per_second(3).time_for(3) == 1s);
    CHECK(per_second(1e12).time_for(1) == 1ns);
  }

  TEST_CASE("nothing comes in no time, and in time that goes back") {
    CHECK(per_second(10).permits_in(0s) == 0);
    CHECK(per_second(10).permits_in(-1s) == 0);
    CHECK(per_second(10).time_for(0) == 0s);
    CHECK(per_second(10).time_for(-1) == 0s);
  }

  TEST_CASE("times that are too long for a duration saturate") {
    CHECK(per_second(1e-10).time_for(1) == duration::max());
    CHECK(per_second(std::numeric_limits<double>::denorm_min()).time_for(1) == duration::max());
    CHECK(per_second(1e-300).time_for(1e300) == duration::max());
    CHECK(per_second(0).time_for(1e-300) == duration::max());
    CHECK(per_second(0).permits_in(duration::max()) == 0);
    CHECK(every(duration::max()).time_for(0.5) > 100 * 365 * 24h);
    CHECK(every(duration::max()).time_for(2) == duration::max());
  }

  TEST_CASE("a rate is told as it was written") {
    CHECK(to_string(per_second(500)) == "500 per second");
    CHECK(to_string(per_second(0.5)) == "0.5 per second");
    CHECK(to_string(per_minute(90)) == "90 per minute");
    CHECK(to_string(every(250ms)) == "1 per 250 ms");
    CHECK(to_string(unlimited()) == "unlimited");
  }
}
