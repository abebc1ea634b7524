#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

#include <troupe/count.hpp>

using troupe::count;

TEST_SUITE("count") {
  TEST_CASE("a negative number stays negative, for the check that names the option") {
    CHECK(count{-1}.value() == -1);
    CHECK(count{std::numeric_limits<std::int8_t>::min()}.value() == -128);
  }

  TEST_CASE("a number that is too large for it is the largest, not a negative one") {
    constexpr auto largest = std::numeric_limits<long long>::max();

    CHECK(count{std::numeric_limits<std::uint64_t>::max()}.value() == largest);
    CHECK(count{std::uint64_t{1} << 63}.value() == largest);
    CHECK(count{largest}.value() == largest);
  }

  TEST_CASE("it tells a number that was given from one that is only the default, whatever it is") {
    CHECK(count{1024}.is_given());
    CHECK_FALSE(count::unless_given(1024).is_given());
    CHECK(count::unless_given(1024).value() == 1024);
  }
}
